"""What the engine says of a Swarm in odd forms; the rest is in test_reading."""

from __future__ import annotations

from tests.sources.engine_double import network, service, task
from tulle.sources.labels.containers import Container
from tulle.sources.labels.tasks import SwarmState, Unread, members


def test_odd_forms_are_told_or_left_out() -> None:
    odd = service("web")
    odd["Spec"]["Labels"] = None
    state = SwarmState(
        [None, odd, {"ID": "x", "Spec": {"Name": ""}}],
        [None, task("web", 1, {"net": "10.0.1.1/24"})],
        [None, network("net")],
        [None],
    )
    first, second, third = members(state, True, False)
    assert isinstance(first, Unread) and isinstance(third, Unread)
    assert isinstance(second, tuple)
    assert second[0] == Container(second[0].id, "web.1", "web", {}, networks={"net": "10.0.1.1"})


def test_labels_that_cannot_be_meant_are_told() -> None:
    (found,) = members(SwarmState([service("web", {"traefik.enable": "x"})]), True, False)
    assert found == Unread("web", 'its label for "enable" must be true or false, not "x"')


def test_addresses_that_are_none() -> None:
    labels = {"traefik.swarm.lbswarm": "true"}
    state = SwarmState([service("web", labels, vips={"net": "", "gone": "10.0.0.1/24"})], networks=[network("net")])
    assert not list(members(state, True, False))
    state = SwarmState(
        [service("web")], [{**task("web", 1, {"net": "1"}), "NetworksAttachments": [{"Network": {}, "Addresses": [7]}]}]
    )
    assert not list(members(state, True, False))
