from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.objects import Secret

Read = Callable[[str], Fragment]
FRAME = "{{apiVersion: v1, kind: Secret, metadata: {{name: keys}}, {rest}}}"


@pytest.mark.parametrize(
    "rest",
    ["data: hidden", "data: {a: [hidden]}", "data: {a: 'hidden!'}", "stringData: {a: 1234567}", "stringData: [hidden]"],
)
def test_no_message_shows_a_value(read: Read, rest: str) -> None:
    (finding,) = read(FRAME.format(rest=rest)).findings
    assert finding.is_error and "hidden" not in finding.message and "1234567" not in finding.message


def test_other_types_may_hold_anything(read: Read) -> None:
    (secret,) = read(FRAME.format(rest="type: example.org/any, data: {a: YQ==}, stringData: , immutable: true")).objects
    assert isinstance(secret, Secret) and secret.data == (("a", b"a"),)
    assert secret.get("b", "a") == b"a" and "data" not in repr(secret)
