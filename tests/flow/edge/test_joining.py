from __future__ import annotations

import json

import pytest

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING, file, http, mesh, routes, told
from tulle.envoy.steps.sign_in import secret_name
from tulle.flow.build import Builder
from tulle.flow.edge.joining import UNTYPED
from tulle.flow.edge.parents import DEEPEST, LEVEL, RANK
from tulle.flow.key_sets import endpoints
from tulle.model.mesh import Mesh
from tulle.model.routes import Forward, Respond
from tulle.model.steps import AddPrefix, Endpoints, ErrorPages, RefuseEscapes, SignIn, StripPrefix, VerifyToken


def test_a_router_with_everything_that_it_names() -> None:
    found = mesh(
        http(
            "a: {rule: Host(`a.test`) && Path(`/x`), service: s, middlewares: [both]}",
            """
  middlewares:
    both: {chain: {middlewares: [strip, add]}}
    strip: {stripPrefix: {prefixes: [/x]}}
    add: {addPrefix: {prefix: /y}}
""",
        )
    )
    assert told(found) == []
    route = routes(found)["a"]
    assert (route.hosts, route.listeners) == (("a.test",), ("@static/web",))
    assert (route.priority or 0) >> LEVEL * (DEEPEST - 1) + RANK == len("Host(`a.test`) && Path(`/x`)")
    (rule,) = route.rules
    assert rule.steps == (StripPrefix(prefixes=("/x",)), AddPrefix(prefix="/y"))
    assert isinstance(rule.action, Forward)
    assert [each.service for each in rule.action.backends] == [file("s")]


def test_routers_with_tls_are_at_another_listener() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: s, tls: {}}"))
    assert routes(found)["a"].listeners == ("@static/web|tls",)


def test_what_is_missing_disables_a_router() -> None:
    found = mesh(
        http("""a: {rule: Path(`/a`), service: nope, middlewares: [strip]}
    b: {rule: Path(`/b`), service: s, entryPoints: [wbe]}
    c: {rule: Path(`/c`), service: s, entryPoints: [web, other]}
    d: {rule: Path(`/d`), service: t@docker}
    e: {rule: Path(`/e`)}""")
    )
    assert list(routes(found)) == ["c"]
    assert told(found) == [
        '4: router a: there is no middleware "strip"',
        '4: router a: there is no service "nope"',
        "5: router b: none of its entry points exists",
        '5: router b: there is no entry point "wbe"; there are web',
        '6: router c: there is no entry point "other"; there are web',
        '7: router d: there is no service "t@docker"',
        "8: router e: it names no service, and no router below it divides its requests",
    ]


def test_middlewares_in_themselves() -> None:
    found = mesh(
        http("a: {rule: Path(`/`), service: s, middlewares: [m]}", "\n  middlewares: {m: {chain: {middlewares: [m]}}}")
    )
    assert routes(found) == {}
    assert any('middleware "m" is part of itself' in line for line in told(found))


def test_entry_points_add_steps() -> None:
    found = mesh(
        http("a: {rule: Path(`/`), service: s}", "\n  middlewares: {m: {addPrefix: {prefix: /m}}}").replace(
            "':8080'}", "':8080', http: {middlewares: [m], encodedCharacters: {allowEncodedSlash: false}}}"
        )
    )
    assert routes(found)["a"].rules[0].steps == (RefuseEscapes(escapes=("%2f",)), AddPrefix(prefix="/m"))


def test_services_of_the_control_plane() -> None:
    routers = """a: {rule: Path(`/`), service: ping@internal}
    b: {rule: Path(`/`), service: api@internal}
    c: {rule: Path(`/`), service: noop@internal}"""
    found = mesh(http(routers, "\nping: {manualRouting: true}\napi: {basePath: /base}\n"))
    (ping,), (api,), (noop,) = (routes(found)[name].rules for name in "abc")
    assert (ping.action, ping.steps) == (Respond(status=200, body="OK"), (UNTYPED,))
    assert isinstance(api.action, Forward)
    assert api.steps == (StripPrefix(prefixes=("/base",)), AddPrefix(prefix="/api"))
    assert noop.action == Respond(status=418)


def test_steps_that_say_how_requests_are_sent_say_nothing_about_answers() -> None:
    more = "\n  middlewares: {again: {retry: {attempts: 2}}, time: {timeouts: {request: 1s}}}\n"
    found = mesh(http("a: {rule: Path(`/`), service: noop@internal, middlewares: [again, time]}", more))
    assert (told(found), routes(found)["a"].rules[0].steps) == ([], ())


def test_time_limits_are_those_of_the_route() -> None:
    more = "\n  middlewares: {one: {timeouts: {request: 1s, idle: 2s}}, two: {timeouts: {request: 3s}}}\n"
    found = mesh(http("a: {rule: Path(`/`), service: s, middlewares: [one, two]}", more))
    (rule,) = routes(found)["a"].rules
    assert isinstance(rule.action, Forward)
    assert (rule.action.timeout, rule.action.idle_timeout, rule.steps) == (3, 2, ())


def test_tokens_are_verified_by_the_keys_that_are_known() -> None:
    more = "\n  middlewares: {m: {jwt: {jwksUrl: 'http://keys'}}, n: {jwt: {signingSecret: x}}}\n"
    documents = (document(http("a: {rule: Path(`/`), service: s, middlewares: [m, n]}", more)), STANDING)
    builder = Builder()

    def keys(found: Mesh) -> list[str]:
        return [step.rule.jwks for step in routes(found)["a"].rules[0].steps if isinstance(step, VerifyToken)]

    first = builder.build(documents)
    assert keys(first)[0] == "" and '"oct"' in keys(first)[1]
    second = builder.build(documents, keys={"http://keys": "some"})
    assert keys(second)[0] == "some"
    assert builder.build(documents, keys={"http://keys": "some", "http://other": "x"}).gateway_routes[0] in (
        second.gateway_routes
    )
    assert second.edge is not None and [rule.jwks_uri for rule in second.edge.token_rules] == ["http://keys", ""]


def test_where_people_sign_in_is_known_later() -> None:
    oidc = "issuer: 'http://id', clientID: shop, clientSecret: hidden, redirectUrl: /back"
    more = f"\n  middlewares: {{m: {{oidc: {{{oidc}}}}}}}\n"
    documents = (document(http("a: {rule: PathPrefix(`/`), service: s, middlewares: [m]}", more)), STANDING)
    builder = Builder(seal="x")

    def step(found: Mesh) -> SignIn:
        (only,) = routes(found)["a"].rules[0].steps
        assert isinstance(only, SignIn)
        return only

    first = builder.build(documents)
    assert (step(first).endpoints, step(first).rule.jwks) == (None, "")
    assert first.edge is not None and first.edge.token_rules == first.edge.sign_in_rules
    said = {"authorization_endpoint": "http://id/in", "token_endpoint": "http://id/token"}
    place = "http://id/.well-known/openid-configuration"
    keys = {place: "some", f"{place}#endpoints": endpoints(json.dumps(said).encode(), asked=place)}
    second = builder.build(documents, keys=keys)
    assert step(second).endpoints == Endpoints(authorization="http://id/in", token="http://id/token", takes_form=False)
    assert step(second).rule.jwks == "some"
    name = secret_name(step(second))
    assert second.secrets[name].get("client-secret") == b"hidden"
    # Another middleware is no reason to give Envoy the same secrets again.
    third = builder.build((*documents, document(f"http: {{{more.replace('m: {oidc', 'n: {oidc')}}}")))
    assert third.secrets[name] is second.secrets[name]


def test_services_of_the_control_plane_that_nobody_asked_for() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: ping@internal}\n    b: {rule: Path(`/`), service: rest@internal}"))
    assert routes(found) == {}
    assert told(found) == [
        '4: router a: there is no service "ping@internal"; write `ping: {}` in the static configuration',
        '5: router b: there is no service "rest@internal"; write `providers: {rest: {}}` in the static configuration',
    ]


def test_pages_come_from_the_first_server_of_their_service() -> None:
    found = mesh(
        http(
            "a: {rule: Path(`/`), service: s, middlewares: [pages]}",
            """
  middlewares: {pages: {errors: {status: ["500"], service: both}}}
""",
        ).replace("  services:", "  services:\n    both: {weighted: {services: [{name: s, weight: 1}]}}")
    )
    assert told(found) == []
    ((step,),) = (rule.steps for rule in routes(found)["a"].rules)
    assert isinstance(step, ErrorPages)
    assert step.backend.service == file("s")


def test_pages_of_a_service_that_is_missing_disable_a_router() -> None:
    middlewares = """
  middlewares: {pages: {errors: {status: ["500"], service: nope}}}
"""
    found = mesh(http("a: {rule: Path(`/`), service: s, middlewares: [pages]}", middlewares))
    assert routes(found) == {}
    (message,) = told(found)
    assert message.endswith('router a: there is no service "nope"')


def test_a_middleware_that_cannot_be_done_disables_a_router() -> None:
    pattern = "(a)" * 10
    middlewares = f"""
  middlewares: {{many: {{replacePathRegex: {{regex: "{pattern}", replacement: "$10"}}}}}}
"""
    found = mesh(http("a: {rule: Path(`/`), service: s, middlewares: [many]}", middlewares))
    assert routes(found) == {}
    (message,) = told(found)
    assert message.endswith('router a: middleware "many" cannot be done here: $10 is beyond the ninth group')


LIMITED = "\n  middlewares: {limit: {rateLimit: {average: 1}}, add: {addPrefix: {prefix: /a}}}"


@pytest.mark.parametrize(
    ("router", "is_split"),
    [
        ("rule: Host(`a.test`) && Path(`/x`), service: s, middlewares: [limit]", False),
        ("rule: Host(`a.test`) || Host(`b.test`), service: s, middlewares: [add]", False),
        ("rule: Host(`a.test`) || Host(`b.test`), service: s, middlewares: [limit]", True),
        ("rule: Path(`/x`), service: s, middlewares: [limit]", True),
        ("rule: Host(`a.test`) && (Path(`/x`) || Path(`/y`)), service: s, middlewares: [limit]", True),
        ("rule: Host(`a.test`), service: both, middlewares: [limit]", True),
        ("rule: Host(`a.test`), service: noop@internal, middlewares: [limit]", False),
    ],
)
def test_requests_that_are_counted_together_though_they_come_by_several_routes(router: str, is_split: bool) -> None:
    services = """
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1:80"}]}}
    t: {loadBalancer: {servers: [{url: "http://10.0.0.2:80"}]}, middlewares: [add]}
    both: {weighted: {services: [{name: s, weight: 1}, {name: t, weight: 1}]}}
"""
    found = mesh(http(f"r: {{{router}}}", LIMITED, services))
    assert told(found) == []
    assert [rule.is_split for rule in routes(found)["r"].rules] == [is_split]
