from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.flow import world
from tulle.flow.admission import Peer, admit, believed
from tulle.flow.assign import HostPlan, plan
from tulle.kit.codec import to_plain
from tulle.model.names import Name
from tulle.model.workloads import Instance, InstanceState
from tulle.xds.subscription import Refused

WEB = Name("shop", "web")
INSTANCE = Instance(
    id="web-1", workload=WEB, service=WEB, host="here", account="web", state=InstanceState.STARTING, message="wait"
)


def session(node_id: str, account: str | None, namespace: str = "tulle-system", **claims: object) -> Any:
    identity = f"spiffe://cluster.local/ns/{namespace}/sa/{account}" if account else None
    return SimpleNamespace(node_id=node_id, identity=identity, metadata={"host": "here", **claims})


def test_an_agent_is_admitted_for_its_own_host_only() -> None:
    assert admit(session("agent-here", "agent-here", role="agent"), "cluster.local") == Peer("agent", "here")
    with pytest.raises(Refused, match=r"needs the identity spiffe://cluster.local/ns/tulle-system/sa/agent-here"):
        admit(session("agent-here", "agent-there", role="agent"), "cluster.local")


def test_a_gateway_needs_the_identity_of_the_gateway() -> None:
    peer = admit(session("gateway-here", "gateway", role="gateway", admin="unix:/a"), "cluster.local")
    assert peer == Peer("gateway", "here", admin="unix:/a")
    with pytest.raises(Refused):
        admit(session("gateway-here", None, role="gateway"), "cluster.local")


def test_a_sidecar_is_admitted_as_the_workload_of_its_certificate() -> None:
    claims = {"role": "sidecar", "instance": to_plain(INSTANCE)}
    peer = admit(session("web-1", "web", "shop", **claims), "cluster.local")
    assert peer.instance is not None
    assert (peer.instance.id, peer.instance.service) == ("web-1", WEB)
    with pytest.raises(Refused, match=r"its certificate says spiffe://cluster.local/ns/shop/sa/thief"):
        admit(session("web-1", "thief", "shop", **claims), "cluster.local")


def test_what_changes_while_an_instance_lives_does_not_distinguish_it() -> None:
    claims = {"role": "sidecar", "instance": to_plain(INSTANCE)}
    peer = admit(session("web-1", "web", "shop", **claims), "cluster.local")
    assert peer.instance is not None
    assert peer.instance.message == ""


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"role": "sidecar"}, "cannot be read"),
        ({"role": "sidecar", "instance": {"id": "web-1"}}, "cannot be read"),
        ({"role": "sidecar", "instance": to_plain(INSTANCE)}, "describes the instance web-1"),
        ({"role": "king"}, 'role "king"'),
        ({}, 'role ""'),
    ],
)
def test_claims_that_make_no_sense_are_refused(claims: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        admit(session("other", "web", "shop", **claims), "cluster.local")


def test_a_host_is_believed_what_it_was_told_to_run_and_what_it_ran_before() -> None:
    mine = plan(world.mesh("web"), {"here": "host"})["here"]
    web = replace(INSTANCE, service=world.name("web"), account="web")
    drained = replace(INSTANCE, id="old-1", service=world.name("old"), account="old")
    assert believed((web, drained), mine, (drained,)) == (web, drained)
    assert believed((web, drained), mine, ()) == (web,)
    assert believed((web,), HostPlan(), ()) == ()


def test_a_host_gains_no_identity_by_reporting_it() -> None:
    mine = plan(world.mesh("web"), {"here": "host"})["here"]
    web = replace(INSTANCE, service=world.name("web"), account="web")
    others = (
        replace(web, account="orders"),
        replace(web, service=world.name("orders")),
        replace(web, service=world.name("orders"), account="orders"),
    )
    assert believed(others, mine, (web,)) == ()
