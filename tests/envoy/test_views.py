from __future__ import annotations

import gc
from weakref import ref

import pytest

from tests.envoy.kitchen import HERE, rule
from tulle.envoy.views import for_caller
from tulle.model.names import Name
from tulle.model.routes import Match, Respond, RouteRule, RouteSet, Source, StreamMatch, StreamRule

OK = Respond(status=200)
NEAR = Match(source=Source(namespace="near"))
LABELLED = Match(source=Source(labels=(("app", "web"), ("tier", "1"))))
ON_80 = Match(ports=(80, 81))
ANY = Match()
WEB = (("app", "web"), ("tier", "1"), ("x", "y"))


def routes(*rules: RouteRule, **more: object) -> RouteSet:
    return RouteSet(name=Name("default", "r"), origin=HERE, rules=rules, **more)  # type: ignore[arg-type]


def seen(
    found: RouteSet | None,
) -> list[tuple[str, int]]:
    return [(each.name, len(each.matches)) for each in found.rules] if found else []


MIXED = routes(rule("a", OK, NEAR), rule("b", OK, LABELLED, ON_80), rule("c", OK, ANY, NEAR))


def test_without_conditions_on_callers_it_is_the_very_same() -> None:
    plain = routes(rule("a", OK))
    assert for_caller(plain, "x", (), 1) is plain


def test_what_applies_wholly_is_the_very_same() -> None:
    assert for_caller(MIXED, "near", WEB, 80) is MIXED
    assert for_caller(MIXED, "near", WEB, None) is MIXED


@pytest.mark.parametrize(
    ("namespace", "labels", "port", "expected"),
    [
        ("near", (), 9, [("a", 1), ("c", 2)]),
        ("far", (), 9, [("c", 1)]),
        ("far", (), 81, [("b", 1), ("c", 1)]),
        ("far", WEB, 9, [("b", 1), ("c", 1)]),
        ("far", (("app", "web"),), None, [("b", 1), ("c", 1)]),
    ],
)
def test_what_cannot_apply_is_left_out(
    namespace: str, labels: tuple[tuple[str, str], ...], port: int | None, expected: object
) -> None:
    assert seen(for_caller(MIXED, namespace, labels, port)) == expected


def test_callers_for_whom_the_same_is_left_out_share_the_result() -> None:
    assert for_caller(MIXED, "far", (), 9) is for_caller(MIXED, "farther", (("a", "b"),), 10)


def test_rules_that_are_untouched_are_the_same_objects() -> None:
    kept = routes(rule("a", OK, NEAR), rule("b", OK))
    found = for_caller(kept, "far", (), None)
    assert found is not None
    assert found.rules[0] is kept.rules[1]


def test_nothing_is_none() -> None:
    assert for_caller(routes(rule("a", OK, NEAR)), "far", (), None) is None
    only_80 = routes(rule("a", OK), service=Name("default", "web"), service_port=80)
    assert for_caller(only_80, "x", (), 81) is None
    assert for_caller(only_80, "x", (), 80) is only_80
    assert for_caller(only_80, "x", (), None) is only_80


def test_rules_for_connections_count_too() -> None:
    def stream(name: str, *matches: StreamMatch) -> StreamRule:
        return StreamRule(name=name, origin=HERE, matches=matches, backends=())

    one = stream("a", StreamMatch(ports=(1,)), StreamMatch(ports=(2,)))
    both = routes(streams=(one, stream("b", StreamMatch(ports=(3,))), stream("c", StreamMatch())))
    found = for_caller(both, "x", (), 2)
    assert found is not None
    assert [(each.name, len(each.matches)) for each in found.streams] == [("a", 1), ("c", 1)]


def test_remembering_keeps_nothing_alive() -> None:
    short = routes(rule("a", OK, NEAR), rule("b", OK))
    assert for_caller(short, "far", (), None) is not None
    assert for_caller(short, "near", (), None) is short
    watched = ref(short)
    del short
    gc.collect()
    assert watched() is None
