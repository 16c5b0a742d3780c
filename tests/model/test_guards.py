from __future__ import annotations

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import AccessAction, AccessPolicy, PeerMode
from tulle.model.services import Port

WEB = Name("default", "web")
HTTP = Port(name="http", number=80)


def test_a_port_may_be_called_otherwise_than_the_rest() -> None:
    guard = Guard(
        workload=WEB, origin=BUILT_IN, service=WEB, account="web", ports=(HTTP,), port_modes=((80, PeerMode.DISABLE),)
    )
    assert guard.mode(80) is PeerMode.DISABLE
    assert guard.mode(81) is PeerMode.STRICT
    assert guard.port("http") is HTTP
    assert guard.port("admin") is None


def test_a_port_takes_both_while_callers_change() -> None:
    guard = Guard(workload=WEB, origin=BUILT_IN, service=WEB, account="web", ports=(HTTP,), eased=(80,))
    assert (guard.mode(80), guard.takes(80)) == (PeerMode.STRICT, PeerMode.PERMISSIVE)
    assert guard.takes(81) is PeerMode.STRICT


def test_everything_that_is_enforced_has_an_origin() -> None:
    policy = AccessPolicy(name=WEB, origin=Origin("file", "a.yaml"), action=AccessAction.DENY, rules=())
    guard = Guard(workload=WEB, origin=BUILT_IN, service=WEB, account="web", access=(policy,))
    assert guard.origins == (BUILT_IN, policy.origin)
