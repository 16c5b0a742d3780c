from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch

Read = Callable[[str], Fragment]


def one(match: str) -> str:
    return document("VirtualService", f"hosts: [a]\nhttp:\n- match: [{match}]\n  route: [{{destination: {{host: a}}}}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{uri: {exact: /a}}", Match(path=PathMatch(PathKind.EXACT, "/a"))),
        ("{uri: {prefix: /a}, ignoreUriCase: true}", Match(path=PathMatch(PathKind.TEXT_PREFIX, "/a", True))),
        ("{uri: {prefix: ''}}", Match(path=PathMatch(PathKind.TEXT_PREFIX, ""))),
        ("{uri: {regex: /a.*}}", Match(path=PathMatch(PathKind.REGEX, "/a.*"))),
        ("{uri: {regex: '*'}}", Match()),
        ("{method: {exact: GET}}", Match(methods=("GET",))),
        ("{method: {prefix: P}}", Match(headers=(ValueMatch(":method", ValueKind.PREFIX, "P"),))),
        (
            "{scheme: {exact: https}, authority: {regex: a.*}}",
            Match(
                headers=(
                    ValueMatch(":scheme", ValueKind.EXACT, "https"),
                    ValueMatch(":authority", ValueKind.REGEX, "a.*"),
                )
            ),
        ),
        (
            "{headers: {X-A: {exact: b}, x-c: {}, x-d: {regex: '*'}, x-e: {prefix: ''}}}",
            Match(
                headers=(
                    ValueMatch("x-a", ValueKind.EXACT, "b"),
                    ValueMatch("x-c", ValueKind.PRESENT),
                    ValueMatch("x-d", ValueKind.PRESENT),
                    ValueMatch("x-e", ValueKind.PRESENT),
                )
            ),
        ),
        (
            "{withoutHeaders: {x-a: {exact: b}, x-b: {}}}",
            Match(
                headers=(
                    ValueMatch("x-a", ValueKind.EXACT, "b", True),
                    ValueMatch("x-b", ValueKind.PRESENT, "", True),
                )
            ),
        ),
        (
            "{headers: {'@request.auth.claims[a][b]': {exact: x}}, withoutHeaders: {'@request.auth.claims.c.d': {}}}",
            Match(
                claims=(
                    ValueMatch("a/b", ValueKind.EXACT, "x"),
                    ValueMatch("c/d", ValueKind.PRESENT, "", True),
                )
            ),
        ),
        ("{queryParams: {q: {exact: '1'}}}", Match(query=(ValueMatch("q", ValueKind.EXACT, "1"),))),
        (
            "{port: 80, sourceLabels: {b: c, a: d}, sourceNamespace: x, statPrefix: s}",
            Match(
                ports=(80,),
                source=Source(namespace="x", labels=(("a", "d"), ("b", "c"))),
                stat_prefix="s",
            ),
        ),
        ("{sourceLabels: {a: d}}", Match(source=Source(labels=(("a", "d"),)))),
    ],
)
def test_conditions(read: Read, text: str, expected: Match) -> None:
    fragment = read(one(text))
    assert findings(fragment) == []
    assert fragment.routes[0].rules[0].matches == (expected,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", 'warning: "spec.http[0].match[0]" has no condition, so it matches every request'),
        ("{uri: {}}", 'error: "spec.http[0].match[0].uri" takes one of exact, prefix, regex'),
        (
            "{uri: {exact: /a, prefix: /b}}",
            'error: "spec.http[0].match[0].uri" takes only one of exact, prefix, regex',
        ),
        (
            "{uri: {exact: a}}",
            'warning: "spec.http[0].match[0].uri.exact" never matches: a path begins with /, not "a"',
        ),
        (
            "{uri: {regex: '(?=a)'}}",
            'error: "spec.http[0].match[0].uri.regex" is a regular expression with (?=, which RE2 does not know',
        ),
        (
            "{uri: {regex: /a}, ignoreUriCase: true}",
            'warning: "spec.http[0].match[0].ignoreUriCase" has no effect on a regex; write (?i) before the pattern',
        ),
        (
            "{headers: {x: null}}",
            'error: "spec.http[0].match[0].headers.x" has no condition; write {} for any value at all',
        ),
        (
            "{headers: {method: {exact: GET}}}",
            'warning: "spec.http[0].match[0].headers.method" is ignored: method is no header; write it beside headers',
        ),
        (
            "{headers: {'@request.auth.claims': {exact: GET}}}",
            'error: "spec.http[0].match[0].headers.@request.auth.claims" must name a claim such as '
            '@request.auth.claims[groups], not "@request.auth.claims"',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"7 {expected}"]
