from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "routes: [{name: r, respond: 200, timeout: 1s}]",
            'route r: "timeout" has no effect, as no request is sent on',
        ),
        (
            "routes: [{name: r, redirect: {host: a}, mirror: web}]",
            'route r: "mirror" has no effect, as no request is sent on',
        ),
        (
            "routes: [{name: r, to: web, path: {regex: /a}, rewrite: {prefix: /}}]",
            'route r: "rewrite.prefix" cannot be replaced where the path is matched by a regular expression',
        ),
        (
            "routes: [{name: r, path: {regex: /a}, redirect: {prefix: /}}]",
            'route r: "redirect.prefix" cannot be replaced where the path is matched by a regular expression',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]
