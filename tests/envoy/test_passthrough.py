from __future__ import annotations

from dataclasses import replace

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import HERE, http, service
from tulle.envoy import passthrough
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import Policy
from tulle.model.services import Destination, Resolution, Subset


def test_every_part_of_a_service_is_a_cluster_that_does_not_encrypt() -> None:
    v1 = Subset(name="v1", labels=(("version", "v1"),), policy=Policy(connect_timeout=1))
    subsets = (v1, Subset(name="v2", labels=()))
    services = (
        service("web", http(), subsets=subsets),
        service("closed", http(), allow=()),
        service("named", http(), resolution=Resolution.DNS),
    )
    mesh = Mesh(services={each.name: each for each in services})
    found = passthrough.clusters(mesh, ("*.local",))
    end = "web.default.svc.cluster.local"
    assert [each.name for each in found] == [f"outbound_.8000_.{subset}_.{end}" for subset in ("", "v1", "v2")]
    assert [each.endpoints_name for each in found] == [
        "outbound|8000||web.default",
        "outbound|8000|version=v1|web.default",
        "outbound|8000||web.default",
    ]
    assert decoded(found[1])["eds_cluster_config"]["service_name"] == found[1].endpoints_name
    assert "transport_socket" not in decoded(found[1])
    assert decoded(found[1])["connect_timeout"] == "1s"
    assert passthrough.clusters(mesh, ("*.example",)) == ()


def test_versions_that_other_documents_make_are_parts_too() -> None:
    said = Destination(
        name=Name("istio-system", "web"),
        origin=HERE,
        host="web.default.svc.cluster.local",
        subsets=(Subset(name="v3", labels=(("version", "v3"),)),),
    )
    hidden = replace(said, name=Name("other", "web"), subsets=(Subset(name="v4", labels=()),))
    web = service("web", http(), destinations=(said, hidden))
    found = passthrough.clusters(Mesh(services={web.name: web}), ("*",))
    assert [each.name.split("_.")[2] for each in found] == ["", "v3"]
