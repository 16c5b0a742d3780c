from __future__ import annotations

import time

import pytest

from tulle.dialects.traefik.alternatives import MOST, alternatives
from tulle.dialects.traefik.conditions import ALWAYS, NEVER, Formula
from tulle.dialects.traefik.matchers import HTTP_V3
from tulle.dialects.traefik.rules import formula, parse


def asked(rule: str) -> Formula:
    return formula(parse(rule, HTTP_V3), HTTP_V3)


def written(rule: str) -> list[list[str]] | None:
    """`!` and the values of the conditions of each alternative."""
    found = alternatives(asked(rule))
    if found is None:
        return None
    return [[f"{'!' * each.is_negated}{each.value}" for each in conjunction] for conjunction in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Host(`a`)", [["a"]]),
        ("Host(`a`) && Path(`/`)", [["a", "/"]]),
        ("Host(`a`) || Path(`/`)", [["a"], ["/"]]),
        (
            "(Host(`a`) || Host(`b`)) && (Path(`/x`) || Path(`/y`))",
            [["a", "/x"], ["a", "/y"], ["b", "/x"], ["b", "/y"]],
        ),
        ("!(Host(`a`) && !Path(`/`))", [["!a"], ["/"]]),
        ("!(Host(`a`) || Path(`/`))", [["!a", "!/"]]),
        ("Host(`a`) && Host(`A.`)", [["a"]]),
        ("Path(`/`) || Path(`/`)", [["/"]]),
    ],
)
def test_and_is_multiplied_out(rule: str, expected: list[list[str]]) -> None:
    assert written(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "Host(`a`) && Host(`b`)",
        "Path(`/`) && Path(`/a`)",
        "Method(`GET`) && Method(`PUT`)",
        "Header(`x`, `a`) && !Header(`X`, `a`)",
        "Path(`/a`) && PathPrefix(`/b`)",
        "Path(`/a`) && !PathRegexp(`a`)",
        "Host(`a.b`) && Host(`*.c`)",
        "Host(`a.b`) && HostRegexp(`c`)",
        "!Host(`*`)",
    ],
)
def test_contradictions_are_never_true(rule: str) -> None:
    assert written(rule) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Host(`a`) && !Host(`b`)", [["a"]]),
        ("Path(`/a`) && PathPrefix(`/`) && PathRegexp(`a`)", [["/a"]]),
        ("Host(`a.b`) && Host(`*.b`)", [["a.b"]]),
        ("Host(`a`) && Host(`*`)", [["a"]]),
        ("Header(`x`, `a`) && Header(`x`, `b`)", [["a", "b"]]),
        ("Host(`a`) && HostRegexp(`a$`)", [["a", "a$"]]),
    ],
)
def test_what_follows_from_an_exact_condition_is_left_out(rule: str, expected: list[list[str]]) -> None:
    assert written(rule) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Host(`a`) && Path(`/`) || Host(`a`)", [["a"]]),
        ("Host(`a`) || Path(`/`) && Method(`GET`) || Method(`GET`)", [["a"], ["GET"]]),
        ("Host(`*`) || Path(`/`)", [[]]),
    ],
)
def test_what_another_alternative_covers_is_left_out(rule: str, expected: list[list[str]]) -> None:
    assert written(rule) == expected


def test_always_and_never() -> None:
    assert alternatives(ALWAYS) == ((),)
    assert alternatives(NEVER) == ()


def test_too_many_are_not_multiplied_out() -> None:
    either = [f"(Header(`a{number}`, `1`) || Header(`b{number}`, `1`))" for number in range(7)]
    most = alternatives(asked(" && ".join(either[:6])))
    assert most is not None and len(most) == MOST
    assert written(" && ".join(either)) is None
    assert written(" || ".join(f"Host(`a{number}`)" for number in range(MOST + 1))) is None
    assert alternatives(asked(" || ".join(f"Host(`a{number}`)" for number in range(500))), 500) is not None


def test_nothing_takes_long() -> None:
    started = time.perf_counter()
    sixty = [f"Header(`a`, `{number}`)" for number in range(60)]
    many = [f"({' || '.join(sixty[turn:] + sixty[:turn])})" for turn in range(60)]
    assert written(" && ".join(many)) is None
    assert time.perf_counter() - started < 5
