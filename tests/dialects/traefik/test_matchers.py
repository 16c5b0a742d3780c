from __future__ import annotations

import pytest

from tulle.dialects.traefik.conditions import ALWAYS, NEVER, Every, Formula, Some
from tulle.dialects.traefik.matchers import GRAMMARS, HTTP_V2, HTTP_V3, TCP_V2, TCP_V3, Grammar
from tulle.dialects.traefik.rules import formula, parse
from tulle.model.conditions import Comparison, Condition, Subject

EXACT, REGEX, PREFIX, ONE = Comparison.EXACT, Comparison.REGEX, Comparison.PREFIX, Comparison.ONE_LABEL


def asked(rule: str, grammar: Grammar) -> Formula:
    return formula(parse(rule, grammar), grammar)


def header(name: str, value: str) -> Condition:
    return Condition(Subject.HEADER, EXACT, value, name)


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.title)
def test_examples_are_right(grammar: Grammar) -> None:
    for name, kind in grammar.kinds.items():
        assert str(parse(kind.usage, grammar)).startswith(name)


@pytest.mark.parametrize(
    ("rule", "meaning"),
    [
        ("Host(`A.test.`)", Condition(Subject.HOST, EXACT, "a.test")),
        ("Host(`*.Test`)", Condition(Subject.HOST, ONE, "*.test")),
        ("Host(`*`)", ALWAYS),
        ("Host(`a.*.test`)", NEVER),
        ("HostRegexp(`^a`)", Condition(Subject.HOST, REGEX, "^a")),
        ("Path(`/a`)", Condition(Subject.PATH, EXACT, "/a")),
        ("PathPrefix(`/a`)", Condition(Subject.PATH, PREFIX, "/a")),
        ("PathRegexp(`a`)", Condition(Subject.PATH, REGEX, "a")),
        ("Method(`get`)", Condition(Subject.METHOD, EXACT, "GET")),
        ("Header(`X-A`, `b`)", header("x-a", "b")),
        ("Header(`Host`, `a`)", NEVER),
        ("HeaderRegexp(`X-A`, `b`)", Condition(Subject.HEADER, REGEX, "b", "x-a")),
        ("Query(`A`, `b`)", Condition(Subject.QUERY, EXACT, "b", "A")),
        ("Query(`A`)", Condition(Subject.QUERY, EXACT, "", "A")),
        ("QueryRegexp(`A`, `b`)", Condition(Subject.QUERY, REGEX, "b", "A")),
        ("QueryRegexp(`A`)", Condition(Subject.QUERY, EXACT, "", "A")),
        ("ClientIP(`10.1.1.1/8`)", Condition(Subject.SOURCE, Comparison.SUBNET, "10.0.0.0/8")),
    ],
)
def test_http(rule: str, meaning: Formula) -> None:
    assert asked(rule, HTTP_V3) == meaning


@pytest.mark.parametrize(
    ("rule", "meaning"),
    [
        ("Host(`a`, `B`)", Some((Condition(Subject.HOST, EXACT, "a"), Condition(Subject.HOST, EXACT, "b")))),
        ("Host(`*.test`)", NEVER),
        ("HostRegexp(`{x}.test`)", Condition(Subject.HOST, REGEX, r"(?i)^(?:[^.]+)\.test$")),
        ("Path(`/a`)", Condition(Subject.PATH, EXACT, "/a")),
        ("Path(`/{x}`)", Condition(Subject.PATH, REGEX, "^/(?:[^/]+)$")),
        ("PathPrefix(`/a`)", Condition(Subject.PATH, PREFIX, "/a")),
        ("PathPrefix(`/{x:a}`)", Condition(Subject.PATH, REGEX, "^/(?:a)")),
        ("Headers(`a`, `b`, `c`, `d`)", Every((header("a", "b"), header("c", "d")))),
        ("Headers(`a`, `b`, `a`, `d`)", header("a", "d")),
        ("Query(`a=b`)", Condition(Subject.FIRST_QUERY, EXACT, "b", "a")),
        ("Query(`a`, `b`)", Condition(Subject.FIRST_QUERY, EXACT, "b", "a")),
        ("Query(`a=`)", Condition(Subject.FIRST_QUERY, REGEX, "^.*$", "a")),
        ("Query(`a={x}b`)", Condition(Subject.FIRST_QUERY, REGEX, "^(?:.*)b$", "a")),
    ],
)
def test_http_in_the_old_syntax(rule: str, meaning: Formula) -> None:
    assert asked(rule, HTTP_V2) == meaning


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("Query(`a`)", "Query has a parameter without a value; write `name=value`"),
        ("Query(`{a}=b`)", 'Query has a variable in the name of the parameter "{a}"; only its value can vary'),
        ("Query(`a={x}`, `b={x}`)", 'Query has the variable "x" twice; give it two names'),
    ],
)
def test_parameters_in_the_old_syntax(rule: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(rule, HTTP_V2)
    assert str(caught.value) == f"column 1: {sentence}"
    with pytest.raises(ValueError, match="whose value has braces that do not match"):
        parse("Query(`a={x`)", HTTP_V2)


@pytest.mark.parametrize(
    ("grammar", "rule", "meaning"),
    [
        (TCP_V3, "HostSNI(`A.test.`)", Condition(Subject.SERVER_NAME, EXACT, "a.test")),
        (TCP_V3, "HostSNI(`*.test`)", Condition(Subject.SERVER_NAME, ONE, "*.test")),
        (TCP_V3, "HostSNI(`*`)", ALWAYS),
        (TCP_V3, "HostSNIRegexp(`a`)", Condition(Subject.SERVER_NAME, REGEX, "a")),
        (TCP_V3, "ALPN(`h2`)", Condition(Subject.ALPN, EXACT, "h2")),
        (TCP_V2, "HostSNI(`*`, `a`)", ALWAYS),
        (
            TCP_V2,
            "HostSNI(`a`, `*`)",
            Some((Condition(Subject.SERVER_NAME, EXACT, "a"), Condition(Subject.SERVER_NAME, REGEX, "."))),
        ),
        (TCP_V2, "HostSNIRegexp(`{x}.a`)", Condition(Subject.SERVER_NAME, REGEX, r"(?i)^(?:[^.]+)\.a$")),
        (TCP_V2, "ALPN(`a`, `b`)", Some((Condition(Subject.ALPN, EXACT, "a"), Condition(Subject.ALPN, EXACT, "b")))),
    ],
)
def test_tcp(grammar: Grammar, rule: str, meaning: Formula) -> None:
    assert asked(rule, grammar) == meaning


def test_escapes_that_no_rule_sees_never_match() -> None:
    for name in ("Path", "PathPrefix"):
        for grammar in (HTTP_V3, HTTP_V2):
            meaning = grammar.kinds[name].meaning
            assert all(meaning((path,)) == NEVER for path in ("/%C3%AF", "/%2f", "/%41", "/%2E", "/%zz", "/50%"))
            assert all(isinstance(meaning((path,)), Condition) for path in ("/%2F", "/%3A%25", "/%5B%40", "/ï"))
