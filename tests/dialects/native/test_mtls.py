from __future__ import annotations

from typing import Any

import pytest

from tulle.model.mesh import Fragment
from tulle.model.security import PeerAuthentication, PeerMode


def test_modes_are_for_workloads_and_single_ports(read: Any) -> None:
    text = "{labels: {app: web}, mode: permissive, ports: {'81': strict, '80': disable}}"
    fragment: Fragment = read(f"mtls: {{web: {text}}}")
    (peer,) = fragment.objects
    assert isinstance(peer, PeerAuthentication)
    assert (peer.selector, peer.mode) == ((("app", "web"),), PeerMode.PERMISSIVE)
    assert peer.port_modes == ((80, PeerMode.DISABLE), (81, PeerMode.STRICT))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{mode: strickt}", '"mode" must be one of strict, permissive, disable, not "strickt"; did you mean "strict"?'),
        ("{ports: {http: strict}}", '"ports.http.[key]" must be the number of a port, not "http"'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Any, text: str, message: str) -> None:
    (finding,) = read(f"mtls: {{web: {text}}}").findings
    assert finding.message == f"mtls web: {message}"
