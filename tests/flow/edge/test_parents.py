from __future__ import annotations

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING, http, mesh, routes, told
from tulle.flow.build import Builder
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.routes import Respond
from tulle.model.steps import AddPrefix, AskServer, RouteAgain, SetHeaders

MARK = "\n  middlewares: {mark: {headers: {customRequestHeaders: {X-Mark: yes}}}, add: {addPrefix: {prefix: /a}}}"


def condition(subject: Subject, value: str, name: str = "") -> Condition:
    return Condition(subject, Comparison.EXACT, value, name)


def test_routers_below_a_router() -> None:
    found = mesh(
        http(
            """top: {rule: Host(`a.test`), middlewares: [mark], entryPoints: [web], priority: 5}
    a: {rule: Path(`/a`), service: s, parentRefs: [top], middlewares: [add], priority: 2}
    b: {rule: Path(`/b`), service: s, parentRefs: [top], priority: 3}""",
            MARK,
        )
    )
    assert told(found) == []
    known = routes(found)
    assert known["a"].hosts == known["top"].hosts == ("a.test",)
    assert known["a"].rules[0].steps == (SetHeaders(request=(("X-Mark", "yes"),)), AddPrefix(prefix="/a"))
    (match,) = known["a"].rules[0].matches
    assert match.conditions == (condition(Subject.HOST, "a.test"), condition(Subject.PATH, "/a"))
    ranks = [known[name].priority or 0 for name in ("b", "a", "top")]
    assert ranks == sorted(ranks, reverse=True)
    assert isinstance(known["top"].rules[0].action, Respond)


def test_of_equal_priority_the_provider_decides() -> None:
    """Both rules are as long, and the names are in the order that would decide otherwise."""

    def first(static: str, builder: Builder | None = None) -> list[str]:
        files = document(http("z: {rule: Path(`/a`), service: s}", static))
        polled = document("http: {routers: {a: {rule: Path(`/a`), service: s@file}}}", source="http")
        found = (builder or Builder()).build((files, polled, STANDING)).gateway_routes
        return [each.name.name for each in sorted(found, key=lambda each: -(each.priority or 0))]

    builder = Builder()
    assert first("", builder) == ["z", "a"]
    assert first("providers: {precedence: [http, file]}", builder) == ["a", "z"]
    assert first("providers: {precedence: [http]}") == ["a", "z"]
    assert first("providers: {precedence: [FILE]}", builder) == ["z", "a"]


def test_headers_that_the_parent_sets_are_known() -> None:
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/`), middlewares: [mark]}
    a: {rule: "Header(`X-Mark`, `yes`) && Path(`/a`)", service: s, parentRefs: [top]}
    b: {rule: "Header(`X-Mark`, `no`)", service: s, parentRefs: [top]}
    c: {rule: "!Header(`X-Mark`, `no`) && Header(`X-Other`, `1`)", service: s, parentRefs: [top]}""",
            MARK,
        )
    )
    known = {name: each.rules[0].matches for name, each in routes(found).items()}
    assert [each.subject for each in known["a"][0].conditions] == [Subject.PATH, Subject.PATH]
    assert known["b"] == ()
    assert [each.name for each in known["c"][0].conditions] == ["", "x-other"]


def test_mistakes() -> None:
    found = mesh(
        http("""top: {rule: Path(`/`), service: s}
    a: {rule: Path(`/a`), service: s, parentRefs: [top]}
    b: {rule: Path(`/b`), service: s, parentRefs: [nope]}
    c: {rule: Path(`/c`), service: s, parentRefs: [d]}
    d: {rule: Path(`/d`), parentRefs: [c]}""")
    )
    assert list(routes(found)) == ["top"]
    lines = told(found)
    assert '5: router a: router "top" has a service, so that it is the parent of none' in lines
    assert '6: router b: there is no router "nope"; did you mean "top"?' in lines or any(
        'there is no router "nope"' in line for line in lines
    )


def test_hosts_are_those_of_both() -> None:
    found = mesh(
        http("""top: {rule: Host(`a.test`) || Host(`c.test`)}
    a: {rule: Host(`a.test`) || Host(`b.test`), service: s, parentRefs: [top]}""")
    )
    assert routes(found)["a"].hosts == ("a.test",)


def test_headers_are_known_through_chains() -> None:
    more = MARK.replace("add:", "both: {chain: {middlewares: [mark, gone]}}, add:")
    text = http(
        """top: {rule: PathPrefix(`/`), middlewares: [both]}
    a: {rule: "Header(`X-Mark`, `no`)", service: s, parentRefs: [top]}""",
        more,
    )
    assert told(mesh(text)) == [
        '11: router a: there is no middleware "gone"',
        '11: router top: there is no middleware "gone"',
    ]
    assert routes(mesh(text.replace(", gone", "")))["a"].rules[0].matches == ()


def test_routers_are_on_few_levels() -> None:
    text = http("""a: {rule: Path(`/a`)}
    b: {rule: Path(`/b`), parentRefs: [a]}
    c: {rule: Path(`/c`), parentRefs: [b]}
    d: {rule: Path(`/d`), service: s, parentRefs: [c]}""")
    assert "5: router d: routers are below each other on more than 3 levels" in told(mesh(text))
    assert "d" in routes(mesh(text.replace(", parentRefs: [a]", "")))


ASKING = "\n  middlewares: {auth: {forwardAuth: {address: 'http://10.0.0.9/', authResponseHeaders: [X-Role]}}}"
UNKNOWN = "which middlewares of a router above it change; here routers are chosen before that is done"


def test_names_that_passwords_have_cannot_be_asked_below() -> None:
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/`), middlewares: [auth]}
    admin: {rule: "Header(`X-Role`, `admin`)", service: s, parentRefs: [top]}
    all: {rule: PathPrefix(`/a`), service: s, parentRefs: [top]}""",
            "\n  middlewares: {auth: {basicAuth: {users: ['a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='],"
            + " headerField: X-Role}}}",
        )
    )
    assert set(routes(found)) == {"top", "all"}
    assert told(found) == [f"5: router admin: its rule asks for the header x-role, {UNKNOWN}"]


def test_what_entry_points_decide_cannot_be_asked_below() -> None:
    text = http(
        """top: {rule: PathPrefix(`/`)}
    admin: {rule: "Header(`X-Role`, `admin`)", service: s, parentRefs: [top]}""",
        ASKING,
    )
    found = mesh(text.replace("{address: ':8080'}", "{address: ':8080', http: {middlewares: [auth@file]}}"))
    assert set(routes(found)) == {"top"}
    other = "{web: {address: ':8080'}, other: {address: ':8081', http: {middlewares: [mark@file]}}}"
    text = http(
        """top: {rule: PathPrefix(`/`)}
    a: {rule: "Header(`X-Mark`, `yes`)", service: s, parentRefs: [top]}""",
        MARK,
    )
    assert set(routes(mesh(text.replace("{web: {address: ':8080'}}", other)))) == {"top"}


def test_the_least_priority_is_before_the_parent() -> None:
    text = """top: {rule: Host(`a.test`), priority: -5}
    a: {rule: Path(`/a`), service: s, parentRefs: [top], priority: -1}
    b: {rule: Path(`/b`), parentRefs: [top], priority: -3}
    c: {rule: Path(`/b`), service: s, parentRefs: [b], priority: -3}"""
    known = routes(mesh(http(text)))
    ranks = [known[name].priority or 0 for name in ("a", "c", "b", "top")]
    assert ranks == sorted(ranks, reverse=True)


def test_rules_that_are_too_much_together() -> None:
    many = " || ".join(f"Path(`/{each}`)" for each in range(60))
    other = many.replace("Path(`/", "Header(`x`, `")
    text = f'top: {{rule: "{many}"}}\n    a: {{rule: "{other}", service: s, parentRefs: [top]}}'
    found = mesh(http(text))
    assert list(routes(found)) == ["top"]
    sentence = (
        "its rule and those above it have more than 1024 alternatives, multiplied out; make several routers of it"
    )
    assert told(found) == [f"5: router a: {sentence}"]


ASK = "ask: {forwardAuth: {address: 'http://127.0.0.1:9/', authResponseHeaders: [X-Mark]}}, add:"


def test_what_a_server_said_is_asked_of_the_request() -> None:
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/`), middlewares: [mark, ask]}
    a: {rule: "Header(`X-Mark`, `yes`)", service: s, parentRefs: [top], middlewares: [add]}""",
            MARK.replace("add:", ASK),
        )
    )
    child, left, top = sorted(found.gateway_routes, key=lambda each: each.priority or 0, reverse=True)
    assert [each.name.name for each in (child, left, top)] == ["a", "top", "top"]
    assert [type(step) for step in top.rules[0].steps] == [SetHeaders, AskServer, RouteAgain]
    assert [type(step) for step in child.rules[0].steps] == [SetHeaders, AskServer, RouteAgain, AddPrefix]
    turned = condition(Subject.TURN, "top@file")
    assert [each.conditions for each in child.rules[0].matches] == [
        (turned, condition(Subject.HEADER, "yes", "x-mark"))
    ]
    assert [each.conditions for each in left.rules[0].matches] == [(turned,)]
    assert isinstance(left.rules[0].action, Respond)


def test_what_is_left_of_the_path_is_asked_on_every_level() -> None:
    more = MARK.replace("add:", "strip: {stripPrefix: {prefixes: [/a]}}, add:")
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/a`), middlewares: [strip]}
    mid: {rule: PathPrefix(`/b`), parentRefs: [top], middlewares: [add]}
    low: {rule: Path(`/a/b`), service: s, parentRefs: [mid]}
    every: {rule: PathPrefix(`/`), service: s, priority: 999}""",
            more,
        )
    )
    assert told(found) == []
    ordered = sorted(found.gateway_routes, key=lambda each: each.priority or 0, reverse=True)
    assert [each.name.name for each in ordered] == ["low", "mid", "mid", "top", "every", "top"]
    turns = [
        [each.value for match in route.rules[0].matches for each in match.conditions if each.subject is Subject.TURN]
        for route in ordered
    ]
    assert turns == [["mid@file"], ["mid@file"], ["top@file"], ["top@file"], [], []]


def test_a_server_that_only_says_yes_changes_nothing() -> None:
    more = MARK.replace("add:", ASK).replace(", authResponseHeaders: [X-Mark]", "")
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/`), middlewares: [ask]}
    a: {rule: Path(`/a`), service: s, parentRefs: [top]}""",
            more,
        )
    )
    assert [type(step) for step in routes(found)["a"].rules[0].steps] == [AskServer]


def test_what_is_set_after_the_route_was_looked_for_again() -> None:
    found = mesh(
        http(
            """top: {rule: PathPrefix(`/`), middlewares: [ask]}
    middle: {rule: PathPrefix(`/a`), middlewares: [mark], parentRefs: [top]}
    a: {rule: "Header(`X-Mark`, `yes`)", service: s, parentRefs: [middle]}
    b: {rule: "Header(`X-Mark`, `no`)", service: s, parentRefs: [middle]}""",
            MARK.replace("add:", ASK),
        )
    )
    (match,) = routes(found)["a"].rules[0].matches
    assert condition(Subject.HEADER, "yes", "x-mark") not in match.conditions
    assert not routes(found)["b"].rules[0].matches
