from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import PeerAuthentication, PeerMode

Read = Callable[[str], Fragment]


def test_workloads_say_how_they_may_be_called(read: Read) -> None:
    (found,) = read(
        "mtls: {old: {namespace: shop, labels: {b: c, a: b}, mode: strict, ports: {90: disable, 80: permissive}}}"
    ).objects
    assert isinstance(found, PeerAuthentication)
    assert (found.name, found.selector) == (Name("shop", "old"), (("a", "b"), ("b", "c")))
    assert found.mode is PeerMode.STRICT
    assert found.port_modes == ((80, PeerMode.PERMISSIVE), (90, PeerMode.DISABLE))


def test_what_is_not_said_is_as_elsewhere(read: Read) -> None:
    (found,) = read("mtls: {all: {ports: {80: strict}}}").objects
    assert isinstance(found, PeerAuthentication) and found.mode is None and found.selector == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{mode: on}", '"mode" must be one of strict, permissive, disable, not "on"'),
        ("{ports: {http: strict}}", '"ports.http" must be the number of a port, not "http"'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, f"mtls: {{old: {text}}}") == [f"mtls old: {message}"]
