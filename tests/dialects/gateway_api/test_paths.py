from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import Forward, Redirect, RedirectPort, Rewrite


def text(filter_: str) -> str:
    return f"parentRefs: [{{name: a}}]\nrules:\n- filters:\n  - {filter_}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{}", Redirect(status=302, port_from=RedirectPort.BY_SCHEME)),
        (
            "{scheme: https, hostname: b.example, port: 444, statusCode: 308, "
            "path: {type: ReplaceFullPath, replaceFullPath: /x}}",
            Redirect(
                scheme="https", host="b.example", port=444, status=308, path="/x", port_from=RedirectPort.BY_SCHEME
            ),
        ),
        (
            "{path: {type: ReplacePrefixMatch, replacePrefixMatch: ''}}",
            Redirect(prefix="", status=302, port_from=RedirectPort.BY_SCHEME),
        ),
    ],
)
def test_redirects(say: Say, given: str, expected: Redirect) -> None:
    found = say("HTTPRoute", text(f"{{type: RequestRedirect, requestRedirect: {given}}}"))
    assert not found.findings
    assert found.routes[0].rules[0].action == expected


def test_rewrites(say: Say) -> None:
    given = "{type: URLRewrite, urlRewrite: {hostname: b.x, path: {type: ReplaceFullPath, replaceFullPath: /x}}}"
    action = say("HTTPRoute", text(given)).routes[0].rules[0].action
    assert isinstance(action, Forward) and action.rewrite == Rewrite(path="/x", host="b.x")


def test_the_replacement_fits_its_type(complain: Complain) -> None:
    given = "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: /x}}}"
    path = "spec.rules[0].filters[0].urlRewrite.path"
    assert complain("HTTPRoute", text(given)) == [
        f'4 error: "{path}.replaceFullPath" is missing, as the type is ReplaceFullPath',
        f'4 error: "{path}.replacePrefixMatch" needs type ReplacePrefixMatch, not ReplaceFullPath',
    ]
