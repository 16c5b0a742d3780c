from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.kitchen import http, service
from tulle.envoy.meshing import Meshing, meshing
from tulle.model.services import Endpoint, Port, Protocol, Resolution

BARE = Endpoint(address="10.0.0.1", port=1)
MESHED = Endpoint(address="10.0.0.2", port=1, is_meshed=True)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({}, Meshing.ALL),
        ({"addresses": (MESHED,)}, Meshing.ALL),
        ({"addresses": (BARE,)}, Meshing.NONE),
        ({"addresses": (BARE, MESHED)}, Meshing.SOME),
        ({"addresses": (BARE,), "selector": (("a", "b"),)}, Meshing.SOME),
        ({"addresses": (BARE,), "selector": (("a", "b"),), "runs_here": False}, Meshing.NONE),
        ({"plain_ports": (8000,)}, Meshing.SOME),
        ({"plain_ports": (8001,)}, Meshing.ALL),
        ({"runs_here": False}, Meshing.NONE),
        ({"is_outside": True, "addresses": (MESHED,)}, Meshing.NONE),
        ({"alias": "other.example"}, Meshing.NONE),
        ({"resolution": Resolution.NONE}, Meshing.NONE),
        ({"resolution": Resolution.DYNAMIC_DNS}, Meshing.NONE),
        ({"resolution": Resolution.DNS}, Meshing.NONE),
        ({"resolution": Resolution.DNS, "addresses": (MESHED,)}, Meshing.ALL),
    ],
)
def test_sidecars_stand_before(what: dict[str, Any], expected: Meshing) -> None:
    of = service("web", http(), **what)
    assert meshing(of, of.ports[0]) is expected


def test_datagrams_have_no_sidecar() -> None:
    assert meshing(service("dns"), Port(name="dns", number=53, protocol=Protocol.UDP)) is Meshing.NONE
