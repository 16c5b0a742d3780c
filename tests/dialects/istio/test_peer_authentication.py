from __future__ import annotations

from tests.dialects.istio.objects import only
from tulle.dialects.istio.peer_authentication import KIND
from tulle.model.security import PeerMode


def test_what_is_unset_is_inherited() -> None:
    assert only(KIND, {"mtls": {"mode": "UNSET"}}).mode is None
    assert only(KIND, {"mtls": {}}).mode is None
    assert only(KIND, {"mtls": {"mode": "PERMISSIVE"}}).mode is PeerMode.PERMISSIVE


def test_ports_are_in_their_order() -> None:
    spec = {
        "selector": {"matchLabels": {"app": "a"}},
        "portLevelMtls": {"9": {"mode": "STRICT"}, "10": {"mode": "DISABLE"}},
    }
    assert only(KIND, spec).port_modes == ((9, PeerMode.STRICT), (10, PeerMode.DISABLE))
