"""`Sidecar`: what workloads may see of the mesh, and where they are called."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import HOST, LABEL, LONGEST_SOCKET, PortNumber, refuse, shown
from tulle.dialects.istio import connections
from tulle.dialects.istio.connections import ConnectionPoolSpec
from tulle.dialects.istio.destinations import Destination
from tulle.dialects.istio.protocols import PROTOCOLS, known
from tulle.dialects.istio.server_tls import ServerTls
from tulle.dialects.istio.values import GROUP, VERSIONS, LabelSelection
from tulle.dialects.istio.workloads import UNIX
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, Refused, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.documents import Origin
from tulle.model.extensions import Ingress, Scope
from tulle.model.mesh import Fragment

_ENDPOINT = re.compile(r"(127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\]):([0-9]{1,5})")
_HERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
"""The address of the instance is this host here."""
_NO_CAPTURE = "has no effect: nothing is captured; applications call through HTTP_PROXY or local ports"
Capture = Annotated[Literal["DEFAULT", "IPTABLES", "NONE"], Refused(_NO_CAPTURE, unless=("DEFAULT", "NONE"))]


def _host(value: object) -> object:
    place, slash, host = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or (place not in {".", "*", "~"} and not LABEL.fullmatch(place)) or not HOST.fullmatch(host.lower()):
        refuse(f"must be namespace/host such as ./*, */shop.example.org, istio-system/*, not {shown(value)}")
    return f"{place}/{host.lower()}"


def _endpoint(value: object) -> object:
    text = value if isinstance(value, str) else ""
    match = _ENDPOINT.fullmatch(text)
    is_port = match is not None and 1 <= int(match[2]) <= 65535
    is_socket = text.startswith(f"{UNIX}/") and len(text.removeprefix(UNIX).encode()) <= LONGEST_SOCKET
    if value != "" and not is_port and not is_socket:
        refuse(f"must be 127.0.0.1:port, 0.0.0.0:port or unix:///path, not {shown(value)}")
    return value


class SidecarPort(ObjectSpec):
    """A port."""

    number: PortNumber = Field(description="The number.")
    protocol: Annotated[str, BeforeValidator(known)] = Field("", description=f"{', '.join(PROTOCOLS)}.")
    name: str = Field("", description="What it is called.")
    target_port: Annotated[int, Refused("has no effect: write defaultEndpoint")] = Field(
        0, description="Another port; deprecated."
    )


class IngressListener(ObjectSpec):
    """A port that the sidecar takes calls on."""

    port: SidecarPort = Field(description="The port.")
    bind: Annotated[str, Refused("has no effect: the agent chooses where the sidecar listens", unless=("",))] = Field(
        "", description="IP address to listen on."
    )
    capture_mode: Capture = Field("DEFAULT", description="How calls come to the sidecar.")
    default_endpoint: Annotated[str, BeforeValidator(_endpoint)] = Field(
        "", description="Where the application is: 127.0.0.1:port or unix:///path; the port itself if not given."
    )
    tls: Annotated[
        ServerTls | None, Refused("has no effect: sidecars speak mutual TLS of the mesh, as PeerAuthentication says")
    ] = Field(None, description="TLS that callers outside the mesh speak.")
    connection_pool: Annotated[
        ConnectionPoolSpec | None, Refused("has no effect on a single port; write inboundConnectionPool")
    ] = Field(None, description="How many connections there may be.")


class EgressListener(ObjectSpec):
    """Hosts that may be called."""

    port: Annotated[
        SidecarPort | None, Refused("has no effect: without capture, the hosts may be called on all of their ports")
    ] = Field(None, description="Only on this port.")
    bind: Annotated[str, Refused(_NO_CAPTURE, unless=("",))] = Field("", description="Address to listen on.")
    capture_mode: Capture = Field("DEFAULT", description="How calls come to the sidecar.")
    hosts: Annotated[Items[Annotated[str, BeforeValidator(_host)]], Field(min_length=1)] = Field(
        description="`namespace/host`: `./*` is the own namespace, `*/*` everything, `~/*` nothing."
    )


class OutboundTrafficPolicy(ObjectSpec):
    """What happens to calls of hosts that the mesh does not know."""

    mode: Literal["REGISTRY_ONLY", "ALLOW_ANY"] = Field(
        "REGISTRY_ONLY", description="Whether they are refused or sent on."
    )
    egress_proxy: Annotated[
        Destination | None, Refused("has no effect: unknown hosts are called directly, or refused")
    ] = Field(None, description="Where they are sent.")


class SidecarSpec(ObjectSpec):
    """What some workloads may see, and where they are called."""

    workload_selector: LabelSelection | None = Field(
        None, description="Workloads of the namespace that it is for; all if not given."
    )
    ingress: Items[IngressListener] = Field((), description="Ports that they are called on.")
    egress: Items[EgressListener] = Field((), description="Hosts that they may call; all if not given.")
    inbound_connection_pool: Annotated[
        ConnectionPoolSpec | None, Differs("limits of numbers are those of the service, as callers keep them")
    ] = Field(None, description="How connections to them are kept.")
    outbound_traffic_policy: OutboundTrafficPolicy | None = Field(
        None, description="Whether they may call hosts that the mesh does not know."
    )


class Sidecar(Object):
    """What workloads may see of the mesh, and where they are called."""

    spec: SidecarSpec = Field(description="The scope.")


def read(part: Written) -> Fragment:
    """One Sidecar."""
    found = validated(part, Sidecar)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    _check(part, spec)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    outbound = spec.outbound_traffic_policy
    pool = spec.inbound_connection_pool
    scope = Scope(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels_of(spec.workload_selector.labels) if spec.workload_selector is not None else (),
        selector_origin=part.at("spec", "workloadSelector"),
        hosts=_hosts(spec) if spec.egress else None,
        host_origins=tuple(_host_origins(part, spec).items()),
        is_registry_only=outbound.mode == "REGISTRY_ONLY" if outbound is not None else None,
        ingress=tuple(_ingress(part, index, each) for index, each in enumerate(spec.ingress)),
        inbound_pool=connections.pool(pool) if pool is not None else None,
    )
    return Fragment(objects=(scope,), findings=tuple(part.findings))


def _check(part: Written, spec: SidecarSpec) -> None:
    ports: set[int] = set()
    for index, each in enumerate(spec.ingress):
        if each.port.number in ports:
            part.error(("spec", "ingress", index, "port"), f"is {each.port.number}, which is written before")
        ports.add(each.port.number)
    if spec.ingress and spec.workload_selector is None:
        message = "is for every workload of the namespace; write a workloadSelector if not all have these ports"
        part.warning(("spec", "ingress"), message)
    for index, listener in enumerate(spec.egress):
        for position, text in enumerate(listener.hosts):
            host = text.partition("/")[2]
            if "." not in host and host != "*":
                message = (
                    f'is "{text}", which fits nothing; write the full host name: {host}.namespace.svc.cluster.local'
                )
                part.warning(("spec", "egress", index, "hosts", position), message)


def _hosts(spec: SidecarSpec) -> tuple[tuple[str, str], ...]:
    found = dict.fromkeys(text for listener in spec.egress for text in listener.hosts)
    pairs = (text.partition("/") for text in found)
    return tuple((place, host) for place, _, host in pairs)


def _host_origins(part: Written, spec: SidecarSpec) -> dict[tuple[str, str], Origin]:
    """Where each host was written."""
    found: dict[tuple[str, str], Origin] = {}
    for index, listener in enumerate(spec.egress):
        for position, text in enumerate(listener.hosts):
            place, _, host = text.partition("/")
            found.setdefault((place, host), part.at("spec", "egress", index, "hosts", position))
    return found


def _ingress(part: Written, index: int, spec: IngressListener) -> Ingress:
    endpoint = spec.default_endpoint.removeprefix(UNIX)
    host, _, port = endpoint.rpartition(":")
    return Ingress(
        origin=part.at("spec", "ingress", index),
        port=spec.port.number,
        protocol=spec.port.protocol,
        application=f"{_HERE[host]}:{port}" if host in _HERE else endpoint,
    )


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="Sidecar",
    schema=Sidecar,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/sidecar/",
)
