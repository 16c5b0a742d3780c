from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.dialects.istio import shadows
from tulle.model.covering import covers
from tulle.model.mesh import Fragment
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch

Read = Callable[[str], Fragment]
ROUTE = "route: [{destination: {host: b}}]"


def exact(value: str, ignore_case: bool = False) -> Match:
    return Match(path=PathMatch(PathKind.EXACT, value, ignore_case))


def prefix(value: str, ignore_case: bool = False) -> Match:
    return Match(path=PathMatch(PathKind.TEXT_PREFIX, value, ignore_case))


def regex(value: str) -> Match:
    return Match(path=PathMatch(PathKind.REGEX, value))


A = ValueMatch("a", ValueKind.PRESENT)
B = ValueMatch("b", ValueKind.PRESENT)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (Match(), exact("/a")),
        (prefix("/"), Match()),
        (regex(".*"), exact("/a")),
        (regex("/a"), regex("/a")),
        (prefix("/a"), exact("/ab")),
        (prefix("/A", True), prefix("/ab", True)),
        (exact("/a"), exact("/a")),
        (Match(methods=("GET", "PUT")), Match(methods=("GET",))),
        (Match(headers=(A,)), Match(headers=(B, A))),
        (Match(query=(A,)), Match(query=(A,))),
        (Match(claims=(A,)), Match(claims=(A, B))),
        (Match(ports=(80,)), Match(ports=(80,))),
        (Match(source=Source(labels=(("a", "b"),))), Match(source=Source(namespace="x", labels=(("a", "b"),)))),
        (Match(), Match(source=Source(namespace="x"))),
    ],
)
def test_what_takes_everything_of_another(wide: Match, narrow: Match) -> None:
    assert covers(wide, narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (exact("/a"), Match()),
        (regex("/a"), regex("/b")),
        (prefix("/a"), regex("/a")),
        (prefix("/a"), prefix("/ab", True)),
        (prefix("/a"), exact("/b")),
        (exact("/a"), prefix("/a")),
        (exact("/a"), exact("/b")),
        (Match(methods=("GET",)), Match()),
        (Match(methods=("GET",)), Match(methods=("GET", "PUT"))),
        (Match(headers=(A,)), Match(headers=(B,))),
        (Match(source=Source(namespace="x")), Match()),
        (Match(source=Source(namespace="x")), Match(source=Source(namespace="y"))),
        (Match(source=Source(labels=(("a", "b"),))), Match(source=Source(namespace="y"))),
    ],
)
def test_what_does_not(wide: Match, narrow: Match) -> None:
    assert not covers(wide, narrow)


def test_rules_that_are_never_used(read: Read) -> None:
    spec = f"""
    hosts: [a]
    http:
    - match: [{{uri: {{prefix: /a}}}}, {{uri: {{exact: /c}}}}]
      {ROUTE}
    - match: [{{uri: {{exact: /ab}}}}, {{uri: {{exact: /b}}}}]
      {ROUTE}
    - match: [{{uri: {{exact: /c}}}}, {{uri: {{prefix: /a}}}}]
      {ROUTE}
    - {ROUTE}
    - name: last
      {ROUTE}
    """
    assert findings(read(document("VirtualService", spec))) == [
        '9 warning: "spec.http[1].match[0]" is never used: http[0] takes all of its requests before',
        '11 warning: "spec.http[2]" is never used: http[0] takes all of its requests before',
        '14 warning: "spec.http[4]" is never used: http[3] takes all of its requests before',
    ]


def test_rules_for_other_gateways_and_delegates_take_nothing(read: Read) -> None:
    spec = f"""
    hosts: [a]
    gateways: [one, two]
    http:
    - match: [{{gateways: [one], port: 80}}]
      {ROUTE}
    - match: [{{gateways: [two], port: 80}}]
      {ROUTE}
    - match: [{{gateways: [two, one], port: 80}}]
      {ROUTE}
    - delegate: {{name: other}}
    - {ROUTE}
    """
    assert findings(read(document("VirtualService", spec))) == []


def test_of_very_many_rules_only_repetitions_and_catch_alls_are_found(read: Read) -> None:
    rules = [f"- {{match: [{{uri: {{prefix: /{number}x}}}}], {ROUTE}}}" for number in range(shadows.COMPARED + 1)]
    rules += [f"- {{match: [{{uri: {{prefix: /{shadows.COMPARED}x}}}}], {ROUTE}}}"]
    rules += [f"- {{match: [{{uri: {{prefix: /{shadows.COMPARED}xy}}}}], {ROUTE}}}"]
    rules += [f"- {{{ROUTE}}}", f"- {{match: [{{uri: {{prefix: /zzz}}}}], {ROUTE}}}"]
    found = findings(read(document("VirtualService", "hosts: [a]\nhttp:\n" + "\n".join(rules))))
    assert [each.partition("warning: ")[2] for each in found] == [
        '"spec.http[101]" is never used: http[100] takes all of its requests before',
        '"spec.http[104]" is never used: http[103] takes all of its requests before',
    ]


def test_a_match_that_another_of_the_same_rule_has_already(read: Read) -> None:
    spec = f"""
    hosts: [a]
    http:
    - match: [{{uri: {{prefix: /a}}}}, {{uri: {{prefix: /ab}}, method: {{exact: GET}}}}, {{uri: {{prefix: /}}}}]
      {ROUTE}
    """
    assert findings(read(document("VirtualService", spec))) == [
        '7 warning: "spec.http[0].match[1]" adds nothing: match[0] of this rule has all of its requests already',
    ]


def test_rules_for_connections(read: Read) -> None:
    spec = f"""
    hosts: [a.example, "*.b.example"]
    tls:
    - match: [{{sniHosts: ["*.b.example"]}}]
      {ROUTE}
    - match: [{{sniHosts: [x.b.example], port: 443}}, {{sniHosts: [a.example]}}]
      {ROUTE}
    tcp:
    - match: [{{port: 1}}, {{port: 2}}]
      {ROUTE}
    - match: [{{port: 2, sourceLabels: {{a: b}}}}]
      {ROUTE}
    """
    assert findings(read(document("VirtualService", spec))) == [
        '9 warning: "spec.tls[1].match[0]" is never used: tls[0] takes all of its connections before',
        '14 warning: "spec.tcp[1]" is never used: tcp[0] takes all of its connections before',
    ]
