from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.routes import Action, Forward, Redirect, RedirectPort, Respond, Rewrite

Read = Callable[[str], Fragment]


def one(text: str) -> str:
    return document("VirtualService", f"hosts: [a]\nhttp:\n- {{{text}}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redirect: {uri: /b, authority: b, redirectCode: 302}", Redirect(path="/b", host="b", status=302)),
        ("redirect: {authority: 'b:81', scheme: https}", Redirect(host="b", port=81, scheme="https")),
        ("redirect: {derivePort: FROM_REQUEST_PORT}", Redirect(port_from=RedirectPort.REQUEST)),
        ("redirect: {authority: '[::1]:81'}", Redirect(host="[::1]", port=81)),
        ("redirect: {authority: 'b:65536'}", Redirect(host="b")),
        ("redirect: {authority: '[::1]'}", Redirect(host="[::1]")),
        ("redirect: {port: 8080, authority: 'b:x'}", Redirect(port=8080, host="b")),
        ("directResponse: {status: 404}", Respond(status=404)),
        ("directResponse: {status: 200, body: {string: hi}}", Respond(status=200, body="hi")),
        ("directResponse: {status: 200, body: {bytes: aGk=}}", Respond(status=200, body=b"hi")),
    ],
)
def test_answers(read: Read, text: str, expected: Action) -> None:
    fragment = read(one(text))
    assert findings(fragment) == []
    assert fragment.routes[0].rules[0].action == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{uri: /}", Rewrite(prefix="/")),
        ("{authority: b}", Rewrite(host="b")),
        (r"{uriRegexRewrite: {match: '^/a/(.*)', rewrite: '/\1'}}", Rewrite(regex=("^/a/(.*)", r"/\1"))),
    ],
)
def test_rewrites(read: Read, text: str, expected: Rewrite) -> None:
    fragment = read(one(f"route: [{{destination: {{host: b}}}}], rewrite: {text}"))
    assert findings(fragment) == []
    action = fragment.routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert action.rewrite == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redirect: {}", '"spec.http[0].redirect" needs at least one of uri, authority, scheme, port'),
        (
            "redirect: {port: 1, derivePort: FROM_REQUEST_PORT}",
            '"spec.http[0].redirect" takes only one of port, derivePort',
        ),
        (
            "directResponse: {status: 200, body: {}}",
            '"spec.http[0].directResponse.body" takes exactly one of string, bytes',
        ),
        (
            "directResponse: {status: 200, body: {bytes: '?'}}",
            '"spec.http[0].directResponse.body.bytes" must be base64, not "?"',
        ),
        (
            "directResponse: {status: 200, body: {bytes: 1}}",
            '"spec.http[0].directResponse.body.bytes" must be base64, not 1',
        ),
        (
            f"directResponse: {{status: 200, body: {{string: {'x' * (1024 * 1024 + 1)}}}}}",
            '"spec.http[0].directResponse.body" is larger than 1 MB',
        ),
        (
            "route: [{destination: {host: b}}], rewrite: {}",
            '"spec.http[0].rewrite" needs uri, authority or uriRegexRewrite',
        ),
        (
            "route: [{destination: {host: b}}], rewrite: {uri: /, uriRegexRewrite: {match: a}}",
            '"spec.http[0].rewrite" takes only one of uri, uriRegexRewrite',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"7 error: {expected}"]
