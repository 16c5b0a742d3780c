from __future__ import annotations

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import http, service
from tulle.envoy import passthrough
from tulle.model.mesh import Mesh
from tulle.model.policies import Policy
from tulle.model.services import Resolution, Subset


def test_every_part_of_a_service_is_a_cluster_that_does_not_encrypt() -> None:
    subsets = (Subset(name="v1", labels=(), policy=Policy(connect_timeout=1)), Subset(name="v2", labels=()))
    services = (
        service("web", http(), subsets=subsets),
        service("closed", http(), allow=()),
        service("named", http(), resolution=Resolution.DNS),
    )
    mesh = Mesh(services={each.name: each for each in services})
    found = passthrough.clusters(mesh, ("*.local",))
    end = "web.default.svc.cluster.local"
    assert [each.name for each in found] == [f"outbound_.8000_.{subset}_.{end}" for subset in ("", "v1", "v2")]
    assert found[1].endpoints_name == found[1].name
    assert "transport_socket" not in decoded(found[1])
    assert decoded(found[1])["connect_timeout"] == "1s"
    assert passthrough.clusters(mesh, ("*.example",)) == ()
