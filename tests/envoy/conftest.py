from __future__ import annotations

import pytest

from tests.envoy.kitchen import instances, kitchen
from tulle.model.mesh import Mesh
from tulle.model.workloads import Instance

PLACES = (
    *("legacy", "dead", "echo", "v1", "v2", "grpc", "udp", "outbound", "stranger", "forward-tcp", "forward-udp"),
    *(f"gateway-{name}" for name in ("http", "https", "tcp", "tls", "udp", "plain")),
)
PORTS = {name: 20_000 + number for number, name in enumerate(PLACES)}


@pytest.fixture
def mesh() -> Mesh:
    """One of everything, at fixed ports."""
    return kitchen(PORTS)


@pytest.fixture
def instance() -> dict[str, Instance]:
    """The instances of that mesh, by id."""
    return {each.id: each for each in instances(PORTS, first_port=21_000)}
