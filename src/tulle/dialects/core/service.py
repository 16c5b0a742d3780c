"""`Service`: what can be called by name, on which ports. How it runs is said by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import HOST, LABEL, Ip, PortNumber, ip, refuse, shown
from tulle.dialects.objects import (
    Differs,
    Items,
    Object,
    ObjectKind,
    ObjectSpec,
    Refused,
    Strings,
    labels_of,
    validated,
)
from tulle.dialects.protocols import protocol_of
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.policies import LoadBalancing, LocalityBalancing, Policy
from tulle.model.services import Port, Protocol, Service

EXPORTS = "networking.istio.io/exportTo"
"""Annotation that says which namespaces see the service."""
NEAR = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")
"""What endpoints have in common with the caller, in order, to be preferred."""
HEADLESS = "None"
_NO_NODES = "has no effect: no port of a node is opened here; the gateway listens where its documents say"
_NO_BALANCERS = "has no effect: nothing here makes load balancers"
_ALL_NODES = "has no effect: calls may go to every host"


def _target(value: object) -> object:
    is_number = type(value) is int and 1 <= value <= 65535
    if not is_number and not (isinstance(value, str) and LABEL.fullmatch(value) and not value.isdigit()):
        refuse(f"must be the number or the name of a port of the workloads, not {shown(value)}")
    return value


def _cluster_ip(value: object) -> object:
    return value if isinstance(value, str) and value in {"", HEADLESS} else ip(value)


ClusterIp = Annotated[str, BeforeValidator(_cluster_ip)]


class ServicePort(ObjectSpec):
    """A port, as callers name it."""

    name: str | None = Field(None, description="Its name; without appProtocol its first word says what is spoken.")
    port: PortNumber = Field(description="Its number.")
    target_port: Annotated[int | str, BeforeValidator(_target)] | None = Field(
        None, description="The port of the workloads, by number or name; the same number if not given."
    )
    protocol: Literal["TCP", "UDP", "SCTP"] | None = Field(
        None, description="TCP or UDP; a port with SCTP is left out, with a finding."
    )
    app_protocol: Annotated[
        str | None,
        Differs(
            "Without it (and a telling name) a port is HTTP, unless its number is a well-known one of something "
            "else (443: TLS; 3306, 5432, …): what a client says first is not waited for. grpc-web is carried as it is."
        ),
    ] = Field(None, description="What is spoken: http, http2, grpc, https, tls, tcp, kubernetes.io/h2c, …")
    node_port: Annotated[int | None, Refused(_NO_NODES, unless=(0,))] = Field(None, description="A port of every node.")


class ClientAffinity(ObjectSpec):
    """How long a client stays."""

    timeout_seconds: int | None = Field(None, description="Seconds.")


class AffinitySettings(ObjectSpec):
    """Details of sessionAffinity."""

    client_ip: ClientAffinity | None = Field(None, alias="clientIP", description="By the address of the client.")


class ServiceSpec(ObjectSpec):
    """What is called, and who answers."""

    ports: Items[ServicePort] = Field((), description="Its ports.")
    selector: Strings = Field(description="Labels of the workloads that answer.")
    type: Annotated[
        Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        Differs("NodePort and LoadBalancer are like ClusterIP: what comes from outside comes through the gateway."),
    ] = Field("ClusterIP", description="ExternalName makes it another name for a host.")
    external_name: str | None = Field(None, description="With ExternalName: the host that is called.")
    cluster_ip: ClusterIp = Field(
        "", alias="clusterIP", description="None makes it headless; an address is one more way to call it."
    )
    cluster_ips: Items[ClusterIp] = Field((), alias="clusterIPs", description="The same, for several families.")
    external_ips: Annotated[
        Items[Ip], Differs("Addresses by which workloads call it; nothing listens there for others.")
    ] = Field((), alias="externalIPs", description="More addresses.")
    session_affinity: Annotated[
        Literal["None", "ClientIP"] | None,
        Refused("has no effect: write a DestinationRule with consistentHash", unless=("None",)),
    ] = Field(None, description="Whether a client stays with a workload.")
    session_affinity_config: Annotated[AffinitySettings | None, Differs("Belongs to sessionAffinity.")] = Field(
        None, description="Details of sessionAffinity."
    )
    publish_not_ready_addresses: Annotated[
        bool, Refused("has no effect: only workloads that are ready are called", unless=(False,))
    ] = Field(False, description="Whether workloads are called before they are ready.")
    traffic_distribution: Annotated[
        Literal["PreferClose", "PreferSameZone", "PreferSameNode"] | None,
        Differs("PreferSameNode is like PreferSameZone."),
    ] = Field(None, description="Prefers near workloads.")
    internal_traffic_policy: Annotated[Literal["Cluster", "Local"] | None, Refused(_ALL_NODES, unless=("Cluster",))] = (
        Field(None, description="Whether calls stay on their node.")
    )
    external_traffic_policy: Annotated[Literal["Cluster", "Local"] | None, Refused(_ALL_NODES, unless=("Cluster",))] = (
        Field(None, description="Whether what comes from outside stays on its node.")
    )
    health_check_node_port: Annotated[int | None, Refused(_NO_NODES, unless=(0,))] = Field(
        None, description="Where load balancers look whether a node has workloads."
    )
    ip_families: Annotated[Items[str], Differs("Ignored: addresses are taken as they come.")] = Field(
        (), description="IPv4, IPv6."
    )
    ip_family_policy: Annotated[str | None, Differs("Ignored: addresses are taken as they come.")] = Field(
        None, description="One family, or both."
    )
    allocate_load_balancer_node_ports: Annotated[bool | None, Differs("Ignored: there are none.")] = Field(
        None, description="Whether load balancers get ports of nodes."
    )
    load_balancer_class: Annotated[str | None, Refused(_NO_BALANCERS)] = Field(
        None, description="Who makes the load balancer."
    )
    load_balancer_ip: Annotated[str | None, Refused(_NO_BALANCERS, unless=("",))] = Field(
        None, alias="loadBalancerIP", description="The address that it should have."
    )
    load_balancer_source_ranges: Annotated[
        Items[str], Refused("has no effect: say who may call with an AuthorizationPolicy", unless=((),))
    ] = Field((), description="Addresses of clients that may call.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "ExternalName":
            if not self.external_name or not HOST.fullmatch(self.external_name.lower().rstrip(".")):
                refuse(f"has type ExternalName and needs externalName: a host, not {shown(self.external_name)}")
        elif not self.ports and not self.is_headless:
            refuse("needs ports: at least one")
        return self

    @property
    def is_headless(self) -> bool:
        """Whether it has no address of its own."""
        return self.cluster_ip == HEADLESS


class ServiceObject(Object):
    """Something that can be called by name."""

    spec: ServiceSpec = Field(description="What is called, and who answers.")


def read(part: Written) -> Fragment:
    """One service."""
    found = validated(part, ServiceObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec, name = found.spec, part.document.key.name
    if not LABEL.fullmatch(name.name):
        part.error(("metadata", "name"), f"must be a name without a point, not {shown(name.name)}")
    ports = tuple(_ports(part, spec))
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    is_alias = spec.type == "ExternalName"
    addresses = (spec.cluster_ip, *spec.cluster_ips, *spec.external_ips)
    service = Service(
        name=name,
        origin=part.origin,
        ports=ports,
        account="",
        policy=_policy(spec),
        selector=labels_of(spec.selector) if not is_alias else (),
        selector_origin=part.at("spec", "selector"),
        virtual_addresses=tuple(dict.fromkeys(each for each in addresses if each not in {"", HEADLESS})),
        exports=_exports(found.metadata.annotations.get(EXPORTS)),
        alias=(spec.external_name or "").lower().rstrip(".") if is_alias else "",
        is_headless=spec.is_headless,
        host_origin=part.at("spec", "externalName"),
    )
    return Fragment(declared=(service,), findings=tuple(part.findings))


def _ports(part: Written, spec: ServiceSpec) -> Iterator[Port]:
    """Its ports; what cannot be together is noted."""
    names: set[str] = set()
    numbers: set[tuple[int, bool]] = set()
    for index, port in enumerate(spec.ports):
        path, name = ("spec", "ports", index), port.name or ""
        if port.protocol == "SCTP":
            part.warning((*path, "protocol"), "is SCTP, which cannot be carried: the port is left out")
            continue
        if not name and len(spec.ports) > 1:
            part.error(path, "needs a name, as there are several ports")
        elif name in names:
            part.error((*path, "name"), f"is the name of another port: {name}")
        protocol = protocol_of(port.protocol or "TCP", port.app_protocol, name, port.port)
        number = port.port, protocol is Protocol.UDP
        if number in numbers:
            part.error((*path, "port"), f"is the number of another port: {port.port}")
        names.add(name)
        numbers.add(number)
        yield Port(name=name, number=port.port, protocol=protocol, target=port.target_port)


def _policy(spec: ServiceSpec) -> Policy:
    if spec.traffic_distribution is None:
        return Policy()
    return Policy(load_balancing=LoadBalancing(locality=LocalityBalancing(failover_priority=NEAR)))


def _exports(text: str | None) -> tuple[str, ...]:
    """Namespaces; `~` is none at all."""
    if text is None:
        return ("*",)
    words = (word.strip() for word in text.split(","))
    return tuple(word for word in words if word not in {"", "~"})


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="Service",
    schema=ServiceObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/",
)
