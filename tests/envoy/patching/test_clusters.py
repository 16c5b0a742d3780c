from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from tests.envoy.changes import change
from tulle.envoy import protos
from tulle.envoy.patching.clusters import patch_cluster
from tulle.envoy.patching.facts import Facts
from tulle.model.extensions import Patch, PatchContext

TLS = "envoy.transport_sockets.tls"
TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
FACTS = Facts(PatchContext.SIDECAR_OUTBOUND)


def socket(sni: str) -> base_pb2.TransportSocket:
    context = tls_pb2.UpstreamTlsContext(sni=sni, allow_renegotiation=True)
    return base_pb2.TransportSocket(name=TLS, typed_config=protos.packed(context))


def with_socket(name: str, sni: str) -> Patch:
    given = {"name": name, "typed_config": {"@type": TYPE, "sni": sni}}
    return change("CLUSTER", "MERGE", {"name": "other", "transport_socket": given})


def context(given: base_pb2.TransportSocket) -> tls_pb2.UpstreamTlsContext:
    found = tls_pb2.UpstreamTlsContext()
    assert given.typed_config.Unpack(found)
    return found


def test_a_cluster_keeps_its_name_and_its_socket_is_merged() -> None:
    cluster = cluster_pb2.Cluster(name="a", transport_socket=socket("old"))
    patch = with_socket(TLS, "new")
    assert patch_cluster(cluster, (patch,), FACTS) == (True, {patch})
    assert (cluster.name, context(cluster.transport_socket)) == (
        "a",
        tls_pb2.UpstreamTlsContext(sni="new", allow_renegotiation=True),
    )


def test_a_socket_of_another_name_takes_its_place() -> None:
    cluster = cluster_pb2.Cluster(name="a", transport_socket=socket("old"))
    patch_cluster(cluster, (with_socket("raw", "new"),), FACTS)
    assert context(cluster.transport_socket) == tls_pb2.UpstreamTlsContext(sni="new")


def test_where_endpoints_choose_a_socket_those_are_merged() -> None:
    match = cluster_pb2.Cluster.TransportSocketMatch(name="tls", transport_socket=socket("old"))
    plain = cluster_pb2.Cluster.TransportSocketMatch(name="raw", transport_socket=base_pb2.TransportSocket(name="raw"))
    cluster = cluster_pb2.Cluster(name="a", transport_socket_matches=[match, plain])
    patch_cluster(cluster, (with_socket(TLS, "new"), with_socket("none", "x")), FACTS)
    assert context(cluster.transport_socket_matches[0].transport_socket).sni == "new"
    assert not cluster.HasField("transport_socket")


def test_what_is_for_others_does_nothing() -> None:
    cluster = cluster_pb2.Cluster(name="a")
    others = (
        change("CLUSTER", "REMOVE", cluster="b"),
        change("CLUSTER", "REMOVE", context="GATEWAY"),
        change("CLUSTER", "ADD", {"name": "c"}),
    )
    assert patch_cluster(cluster, others, FACTS) == (True, set())
    remove = change("CLUSTER", "REMOVE", cluster="a")
    assert patch_cluster(cluster, (remove,), FACTS) == (False, {remove})
