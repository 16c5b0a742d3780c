"""Clusters: how a proxy reaches one port of a service, the application behind it, and what is outside."""

from __future__ import annotations

from functools import lru_cache

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from envoy.extensions.clusters.aggregate.v3 import cluster_pb2 as aggregate_pb2

from tulle.envoy import balancing, client_tls, discovery, endpoints, health_checks, naming, protos, transport
from tulle.envoy.attempts import attempt
from tulle.envoy.endpoint_views import View
from tulle.envoy.meshing import Meshing
from tulle.envoy.pools import HTTP_OPTIONS, Spoken, http_options
from tulle.envoy.treatments import Treatment
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.policies import Policy
from tulle.model.routers import PROVIDER
from tulle.model.services import Port, Protocol, Resolution, Service
from tulle.model.workloads import Binding
from tulle.xds.snapshot import CLUSTER, Resource, encode

APPLICATION_IDLE = 1.0
"""Seconds; shorter than what servers use (gunicorn 2, uvicorn and node 5), so that no request meets a closing one."""

SERVICE = "service"
"""Metadata of clusters of routers, beside those of their endpoints: what logs call them."""
EDGE, NAMED = "tulle.edge", "named"
"""Metadata of clusters of routers, and key there: endpoints are known by names only."""


@remember(size=256)
def service_cluster(service: Service, port: Port, subset: str, treatment: Treatment, trust_domain: str) -> Resource:
    """The cluster of one port of a service (`subset` empty: of all its endpoints), for callers that treat it alike."""
    name = _name(service, port, subset, treatment)
    return attempt(
        CLUSTER,
        name,
        (service.origin,),
        lambda: _service_cluster(name, service, port, subset, treatment, trust_domain),
    )


def _service_cluster(
    name: str, service: Service, port: Port, subset: str, treatment: Treatment, trust_domain: str
) -> Resource:
    policy = treatment.policy
    # Short names of statistics, and what the reasons of failures call it.
    cluster = balancing.shaped(policy)
    cluster.name, cluster.alt_stat_name = name, naming.spoken(service.name, port.number, subset)
    assignment = find_endpoints(service, port, treatment, cluster)
    spoken = _spoken(service, port, policy)
    transport.secure(service, port, policy, trust_domain, cluster, protocols=_offered(port, spoken))
    if spoken is not None:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(spoken))
    is_watched = transport.encryption(service, port, policy) is Meshing.ALL or discovery.asks_requests(service)
    if service.name.namespace.startswith(PROVIDER):
        cluster.metadata.filter_metadata[endpoints.WRITTEN].update(
            {SERVICE: f"{service.name.name}{service.name.namespace}"}
        )
    if _is_known_by_name(service, policy):
        cluster.metadata.filter_metadata[EDGE].update({NAMED: True})
    if policy.health_check and not is_watched:
        transport.check_by(policy.health_check, cluster)
        health_checks.check_health(policy.health_check, cluster, is_http2=bool(spoken and spoken.is_http2))
    return encode(name, cluster, endpoints_name=assignment, origins=(service.origin,))


def _is_known_by_name(service: Service, policy: Policy) -> bool:
    """Whether nobody is there because names are known to nobody, and for no other reason: of services of routers."""
    is_routed = service.name.namespace.startswith(PROVIDER)
    is_found = service.resolution is Resolution.DNS and bool(service.addresses)
    return is_routed and is_found and policy.health_check is None and policy.outlier_detection is None


@lru_cache(1024)
def standing_in(name: str, origin: Origin) -> Resource:
    """The cluster of several clusters, by its name (`naming.standing_in`): the first of them that is well."""
    cluster = balancing.shaped(Policy())
    cluster.name = name
    members = name.partition("|")[2].split("+")
    cluster.cluster_type.name = "envoy.clusters.aggregate"
    cluster.cluster_type.typed_config.CopyFrom(protos.packed(aggregate_pb2.ClusterConfig(clusters=members)))
    cluster.lb_policy = cluster_pb2.Cluster.CLUSTER_PROVIDED
    return encode(name, cluster, origins=(origin,))


def _name(service: Service, port: Port, subset: str, treatment: Treatment) -> str:
    return naming.cluster(service.name, port.number, subset, is_udp=port.is_udp, shown=treatment.shown_secret)


def find_endpoints(service: Service, port: Port, treatment: Treatment, cluster: cluster_pb2.Cluster) -> str:
    """Say which endpoints a cluster chooses from; the name of the load assignment that is needed, if any."""
    if treatment.preference is not None and treatment.preference.shares:
        cluster.common_lb_config.locality_weighted_lb_config.SetInParent()
    view = View(
        service=service.name,
        port=port.number,
        labels=treatment.labels,
        preference=treatment.preference,
        is_udp=port.is_udp,
    )
    return discovery.find(service, port, view, cluster)


def secret_names(policy: Policy) -> tuple[str, ...]:
    """The secrets, beside the proxy's own, that clusters with this policy need."""
    return client_tls.secret_names(policy.tls)


def _spoken(service: Service, port: Port, policy: Policy) -> Spoken | None:
    """The HTTP that is spoken; None for bytes."""
    tls = transport.originates(port, policy)
    # Whoever has TLS made for it, on a port where others speak it themselves, sends requests.
    if not port.protocol.is_http and not (tls and port.protocol is Protocol.TLS):
        return None
    meshed = transport.encryption(service, port, policy) is Meshing.ALL and not service.is_outside
    is_http2 = meshed or port.protocol.is_http2 or bool(policy.pool.upgrade_to_http2)
    return Spoken.by(policy, is_http2=is_http2, names_host=bool(tls and not tls.server_name))


def _offered(port: Port, spoken: Spoken | None) -> list[str]:
    """What a sidecar is offered: by far the most speak one language only. Otherwise Envoy offers what it speaks."""
    if spoken is not None and (spoken.pool.use_client_protocol or not spoken.is_http2):
        return []
    return ["h2"]


def application_cluster(binding: Binding, guard: Guard) -> Resource:
    """The application behind a sidecar, on one port."""
    name = naming.inbound(binding.name)
    cluster = balancing.shaped(Policy(connect_timeout=1.0))
    cluster.name, cluster.type = name, cluster_pb2.Cluster.STATIC
    cluster.alt_stat_name = str(guard.service)
    cluster.load_assignment.CopyFrom(_single(name, protos.parse_address(binding.application)))
    if binding.protocol.is_http2:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(Spoken(is_http2=True)))
    elif binding.protocol.is_http:
        options = http_options(Spoken(idle_timeout=APPLICATION_IDLE))
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(options)
    return encode(name, cluster, origins=(guard.origin,))


@remember(size=1)
def outside_cluster(settings: Settings) -> Resource:
    """All hosts outside the mesh, spoken to in HTTP/1.1 or with the raw bytes."""
    cluster = balancing.shaped(Policy())
    cluster.name = naming.OUTSIDE
    discovery.forward(cluster)
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(Spoken()))
    return encode(naming.OUTSIDE, cluster, origins=(settings.origin,))


@remember(size=1)
def connect_cluster(settings: Settings) -> Resource:
    """The way from the end of a CONNECT tunnel to the listener that looks at the requests within."""
    return encode(naming.CONNECT, _internal(naming.CONNECT), origins=(settings.origin,))


def internal_cluster(name: str, origin: Origin) -> Resource:
    """A listener of the same Envoy, by the same name, that is spoken to in HTTP/2."""
    cluster = _internal(name)
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(Spoken(is_http2=True)))
    return encode(name, cluster, origins=(origin,))


def _internal(name: str) -> cluster_pb2.Cluster:
    internal = address_pb2.EnvoyInternalAddress(server_listener_name=name)
    cluster = balancing.shaped(Policy())
    cluster.name, cluster.type = name, cluster_pb2.Cluster.STATIC
    cluster.load_assignment.CopyFrom(_single(name, address_pb2.Address(envoy_internal_address=internal)))
    return cluster


def _single(name: str, address: address_pb2.Address) -> endpoint_pb2.ClusterLoadAssignment:
    endpoint = endpoint_components_pb2.Endpoint(address=address)
    return endpoint_pb2.ClusterLoadAssignment(
        cluster_name=name,
        endpoints=[
            endpoint_components_pb2.LocalityLbEndpoints(
                lb_endpoints=[endpoint_components_pb2.LbEndpoint(endpoint=endpoint)]
            )
        ],
    )
