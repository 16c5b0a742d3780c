from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


def test_an_account_says_nothing(read: Read) -> None:
    fragment = read("{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, secrets: [{name: a}]}")
    assert fragment.findings == () and fragment.objects == ()


def test_an_unknown_field_is_a_mistake(read: Read) -> None:
    (finding,) = read("{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}, secret: a}").findings
    assert 'did you mean "secrets"?' in finding.message
