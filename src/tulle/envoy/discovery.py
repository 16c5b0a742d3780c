"""Where the endpoints of a cluster come from: the control plane, DNS, or the request itself."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as forward_pb2
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2

from tulle.envoy import endpoints, naming, protos
from tulle.envoy.endpoint_views import View
from tulle.envoy.meshing import Meshing, meshing
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

DISCOVERY = protos.ads()
LARGEST_CACHE = 16384
"""Names that were asked for and are remembered, in each proxy."""


def asks_requests(service: Service) -> bool:
    """Whether it is the request that says where to go: the control plane knows no address, and no name to resolve.

    Without capture of traffic nobody knows the address that a caller meant when it knew one (Istio `NONE`), but for
    the host that it asked for; so that is resolved, which leads to the same place.
    """
    if service.alias:
        return False
    match service.resolution:
        case Resolution.NONE | Resolution.DYNAMIC_DNS:
            return True
        case Resolution.DNS | Resolution.DNS_ROUND_ROBIN:
            return not service.addresses and not _only_host(service)
        case _:
            return False


def find(service: Service, port: Port, view: View, cluster: cluster_pb2.Cluster) -> str:
    """Say where the endpoints come from; the name of the load assignment that is needed, if any."""
    if asks_requests(service):
        forward(cluster)
        return ""
    if _is_told(service):
        cluster.type = cluster_pb2.Cluster.EDS
        cluster.eds_cluster_config.eds_config.CopyFrom(DISCOVERY)
        if view.name != cluster.name:
            cluster.eds_cluster_config.service_name = view.name
        return view.name
    check = service.policy.health_check
    fitting = endpoints.select(port, view.labels, _named(service, port))
    is_first_only = service.resolution is Resolution.DNS_ROUND_ROBIN and bool(fitting)
    cluster.type = cluster_pb2.Cluster.LOGICAL_DNS if is_first_only else cluster_pb2.Cluster.STRICT_DNS
    cluster.dns_lookup_family = cluster_pb2.Cluster.V4_PREFERRED
    cluster.load_assignment.CopyFrom(
        endpoints.load_assignment(
            cluster.name,
            fitting[:1] if is_first_only else fitting,
            preference=None if is_first_only else view.preference,
            is_udp=port.protocol is Protocol.UDP,
            is_mixed=meshing(service, port) is Meshing.SOME,
            checked_port=check.port if check else 0,
            is_whole=service.policy.load_balancing.stays_while_any_is_well,
        )
    )
    return ""


def forward(cluster: cluster_pb2.Cluster) -> None:
    """To the host that each request is for. The cluster resolves names itself, as it is asked for them.

    The HTTP filter of the same name is not needed for that.
    """
    # All clusters of the kind share what they resolved. Without TLS there is no server name to check, which Envoy
    # wants to hear that it is meant.
    cache = dns_cache_pb2.DnsCacheConfig(
        name=naming.OUTSIDE,
        dns_lookup_family=cluster_pb2.Cluster.V4_PREFERRED,
        max_hosts=protos.number(LARGEST_CACHE),
    )
    config = forward_pb2.ClusterConfig(dns_cache_config=cache, allow_insecure_cluster_options=True)
    cluster.cluster_type.name = "envoy.clusters.dynamic_forward_proxy"
    cluster.cluster_type.typed_config.CopyFrom(protos.packed(config))
    cluster.lb_policy = cluster_pb2.Cluster.CLUSTER_PROVIDED


def _is_told(service: Service) -> bool:
    return (
        service.resolution is Resolution.ENDPOINTS
        and not service.alias
        and all(endpoints.is_address(each.address) for each in service.addresses)
    )


def _only_host(service: Service) -> str:
    return service.hosts[0] if len(service.hosts) == 1 and "*" not in service.hosts[0] else ""


def _named(service: Service, port: Port) -> tuple[Endpoint, ...]:
    """What is resolved by name: what it stands for, or its endpoints, or its own host."""
    number = port.target if isinstance(port.target, int) else port.number
    if service.alias:
        return (Endpoint(address=service.alias, port=number),)
    return service.addresses or (Endpoint(address=_only_host(service), port=number),)
