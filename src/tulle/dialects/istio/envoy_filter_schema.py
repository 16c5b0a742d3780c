"""The fields of `EnvoyFilter`: which resources of Envoy are changed, and how."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from tulle.dialects.fields import Count, Pattern
from tulle.dialects.istio.selection import PolicyTargetReference
from tulle.dialects.objects import Differs, Items, Object, ObjectSpec, Refused, Strings
from tulle.model.extensions import FilterClass, PatchOperation, PatchPlace


class Context(StrEnum):
    """In which proxies."""

    ANY = "ANY"
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"
    WAYPOINT = "WAYPOINT"


class RouteAction(StrEnum):
    """What a route does."""

    ANY = "ANY"
    ROUTE = "ROUTE"
    REDIRECT = "REDIRECT"
    DIRECT_RESPONSE = "DIRECT_RESPONSE"


class WorkloadSelector(ObjectSpec):
    """Labels that a workload must all have."""

    labels: Strings = Field(description="Labels and their values; none at all selects every workload.")


class ProxyMatch(ObjectSpec):
    """Which proxies."""

    proxy_version: Annotated[
        Pattern, Differs("Compared with 1.31.0, the version of Istio whose documentation is followed.")
    ] = Field("", description="Regular expression of the version of Istio.")
    metadata: Annotated[
        Strings, Differs("Proxies have no such metadata, so that a patch with it is left out, with a finding.")
    ] = Field(description="Metadata that the proxy must have.")


class SubFilterMatch(ObjectSpec):
    """A filter within a filter."""

    name: str = Field("", description="Name of the HTTP filter, such as `envoy.filters.http.router`.")


class FilterMatch(ObjectSpec):
    """A filter of a chain."""

    name: str = Field("", description="Name of the network filter.")
    sub_filter: SubFilterMatch | None = Field(None, description="An HTTP filter within it.")


class FilterChainMatch(ObjectSpec):
    """A filter chain of a listener."""

    name: str = Field("", description="Name of the chain.")
    sni: str = Field("", description="Server name that the chain is for.")
    transport_protocol: str = Field("", description="`tls` or `raw_buffer`.")
    application_protocols: str = Field("", description="Protocols that the chain is for, with commas between them.")
    destination_port: Count = Field(0, description="Port that the chain is for.")
    filter: FilterMatch | None = Field(None, description="A filter of the chain.")


class ListenerMatch(ObjectSpec):
    """A listener, or something in it."""

    port_number: Annotated[
        Count, Differs("In sidecars there is no listener per service: only inbound and local TCP ports have numbers.")
    ] = Field(0, description="Port of the service, or of the gateway.")
    port_name: Annotated[str, Refused("has no effect, as in Istio; write portNumber", ("",))] = Field(
        "", description="Name of the port."
    )
    name: Annotated[
        str, Differs("`virtualInbound` is every inbound listener, `virtualOutbound` that of the application's calls.")
    ] = Field("", description="Name of the listener, such as `0.0.0.0_8080`.")
    listener_filter: str = Field("", description="Name of a listener filter.")
    filter_chain: FilterChainMatch | None = Field(None, description="A chain, or a filter of it.")


class RouteMatch(ObjectSpec):
    """A route of a virtual host."""

    name: str = Field("", description="Name of the route, as its document has it.")
    action: RouteAction = Field(RouteAction.ANY, strict=False, description="What it does.")


class VirtualHostMatch(ObjectSpec):
    """A virtual host of a route configuration."""

    name: str = Field("", description="`host:port`, such as `reviews.default.svc.cluster.local:9080`.")
    domain_name: str = Field("", description="One of the domains of the virtual host.")
    route: RouteMatch | None = Field(None, description="A route of it.")


class RouteConfigurationMatch(ObjectSpec):
    """A route configuration, or something in it."""

    port_number: Count = Field(0, description="Port of the service, or of the gateway.")
    port_name: str = Field("", description="Name of the port of the gateway.")
    gateway: str = Field("", description="`namespace/name` of the gateway.")
    name: Annotated[
        str, Differs("Names are understood by the port in them: sidecars have one configuration for all ports.")
    ] = Field("", description="Name of the configuration, such as `9080` or `http.8080`.")
    vhost: VirtualHostMatch | None = Field(None, description="A virtual host, or a route of it.")


class ClusterMatch(ObjectSpec):
    """A cluster."""

    port_number: Count = Field(0, description="Port of the service.")
    service: str = Field("", description="Full host name of the service.")
    subset: str = Field("", description="Name of a subset.")
    name: str = Field(
        "", description="Name of the cluster, such as `outbound|9080||reviews.default.svc.cluster.local`."
    )


class WaypointMatch(ObjectSpec):
    """Something in a waypoint proxy."""

    port_number: Count = Field(0, description="Port of the service.")
    filter: FilterMatch | None = Field(None, description="A filter.")
    route: RouteMatch | None = Field(None, description="A route.")


class Match(ObjectSpec):
    """Which resources are changed."""

    context: Annotated[Context, Differs("There are no waypoint proxies: WAYPOINT is left out, with a finding.")] = (
        Field(Context.ANY, strict=False, description="Which side of which proxies.")
    )
    proxy: ProxyMatch | None = Field(None, description="Which proxies.")
    listener: ListenerMatch | None = Field(None, description="Which listener, or what in it.")
    route_configuration: RouteConfigurationMatch | None = Field(None, description="Which routes.")
    cluster: ClusterMatch | None = Field(None, description="Which cluster.")
    waypoint: Annotated[WaypointMatch | None, Refused("has no effect: there are no waypoint proxies")] = Field(
        None, description="What in a waypoint proxy."
    )


class PatchSpec(ObjectSpec):
    """How they are changed."""

    operation: PatchOperation = Field(strict=False, description="What is done.")
    value: dict[str, Any] | None = Field(None, description="The message of Envoy, or the fields of it that are merged.")
    filter_class: FilterClass = Field(
        FilterClass.UNSPECIFIED, strict=False, description="With ADD: behind which filters of the mesh it stands."
    )


class ConfigPatch(ObjectSpec):
    """One change."""

    apply_to: Annotated[
        PatchPlace,
        Differs(
            "BOOTSTRAP is not possible: the start of a proxy is the agent's; EXTENSION_CONFIG only with its filter."
        ),
    ] = Field(strict=False, description="What kind of resource is changed.")
    match: Match | None = Field(None, description="Which of them.")
    patch: PatchSpec = Field(description="How.")


class EnvoyFilterSpec(ObjectSpec):
    """Changes to the configuration of some proxies."""

    workload_selector: WorkloadSelector | None = Field(
        None, description="Labels of the workloads; without it all of the namespace, in the root namespace of the mesh."
    )
    target_refs: Items[PolicyTargetReference] = Field((), description="Gateways that it is attached to instead.")
    config_patches: Items[ConfigPatch] = Field((), description="The changes, in order.")
    priority: int = Field(0, description="Of several the lowest is first.")


class EnvoyFilterObject(Object):
    """Changes to the configuration of some proxies."""

    spec: EnvoyFilterSpec = Field(description="The changes.")
