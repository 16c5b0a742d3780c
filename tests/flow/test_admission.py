from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.flow import world
from tulle.flow.admission import Peer, admit, believed
from tulle.flow.assign import HostPlan, plan
from tulle.flow.hosts import Hosts
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


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path / "hosts.json", lambda: None)


def test_an_agent_is_admitted_for_its_own_host_only(hosts: Hosts) -> None:
    assert admit(session("agent-here", "agent-here", role="agent"), "cluster.local", hosts) == Peer("agent", "here")
    with pytest.raises(Refused, match=r"needs the identity spiffe://cluster.local/ns/tulle-system/sa/agent-here"):
        admit(session("agent-here", "agent-there", role="agent"), "cluster.local", hosts)


def test_a_gateway_needs_the_identity_of_the_gateway(hosts: Hosts) -> None:
    peer = admit(session("gateway-here", "gateway", role="gateway", admin="unix:/a"), "cluster.local", hosts)
    assert peer == Peer("gateway", "here", admin="unix:/a")
    with pytest.raises(Refused):
        admit(session("gateway-here", None, role="gateway"), "cluster.local", hosts)


def test_a_sidecar_is_admitted_as_the_workload_of_its_certificate(hosts: Hosts) -> None:
    claims = {"role": "sidecar", "instance": to_plain(INSTANCE)}
    peer = admit(session("web-1", "web", "shop", **claims), "cluster.local", hosts)
    assert peer.instance is not None
    assert (peer.instance.id, peer.instance.service) == ("web-1", WEB)
    with pytest.raises(Refused, match=r"its certificate says spiffe://cluster.local/ns/shop/sa/thief"):
        admit(session("web-1", "thief", "shop", **claims), "cluster.local", hosts)


def test_nobody_takes_the_place_of_another_proxy(hosts: Hosts) -> None:
    hosts.connected("here", "host")
    hosts.reported("here", (INSTANCE,))
    thief = replace(INSTANCE, service=Name("shop", "thief"), account="thief")
    for taken in ("web-1", "gateway-here"):
        claims = {"role": "sidecar", "instance": to_plain(replace(thief, id=taken))}
        with pytest.raises(Refused, match=f"{taken} is another proxy than one of thief.shop as thief"):
            admit(session(taken, "thief", "shop", **claims), "cluster.local", hosts)
    with pytest.raises(Refused, match="node web-1 says that it is the gateway of host here"):
        admit(session("web-1", "gateway", role="gateway"), "cluster.local", hosts)
    claims = {"role": "sidecar", "instance": to_plain(INSTANCE)}
    assert admit(session("web-1", "web", "shop", **claims), "cluster.local", hosts).instance is not None


def test_what_changes_while_an_instance_lives_does_not_distinguish_it(hosts: Hosts) -> None:
    claims = {"role": "sidecar", "instance": to_plain(INSTANCE)}
    peer = admit(session("web-1", "web", "shop", **claims), "cluster.local", hosts)
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
def test_claims_that_make_no_sense_are_refused(claims: dict[str, object], reason: str, hosts: Hosts) -> None:
    with pytest.raises(Refused, match=reason):
        admit(session("other", "web", "shop", **claims), "cluster.local", hosts)


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
