"""`Gateway`: where the gateway listens, and for which hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import HOST, LABEL, PortNumber, address, refuse, shown
from tulle.dialects.istio import server_tls
from tulle.dialects.istio.protocols import PROTOCOLS, known
from tulle.dialects.istio.server_tls import ServerTls
from tulle.dialects.istio.values import GROUP, VERSIONS, created
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
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.mesh import Fragment
from tulle.model.names import ISTIO, Name

PRIVILEGED = 1024
MOVE = 8000
"""Ports that only root may listen on are moved up by so much."""
_HTTPS = 443
_HTTP = frozenset(("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"))
_TLS = frozenset(("HTTPS", "TLS"))


def _host(value: object) -> object:
    place, slash, host = value.rpartition("/") if isinstance(value, str) else ("", "", "")
    if (slash and place not in {".", "*"} and not LABEL.fullmatch(place)) or not HOST.fullmatch(host.lower()):
        refuse(f"must be a host such as shop.example.org, *.example.org, * or namespace/host, not {shown(value)}")
    return f"{place}{slash}{host.lower()}"


def _bind(value: object) -> object:
    return value if value == "" else address(value, "127.0.0.1 or 0.0.0.0")


class GatewayPort(ObjectSpec):
    """A port of the gateway."""

    number: Annotated[
        PortNumber, Differs("ports below 1024 are moved up by 8000 (80 is 8080, 443 is 8443): nothing here needs root")
    ] = Field(description="The number.")
    protocol: Annotated[str, BeforeValidator(known)] = Field(description=f"{', '.join(PROTOCOLS)}.")
    name: str = Field("", description="What it is called; each has its own name.")
    target_port: Annotated[int, Refused("has no effect: nothing stands before the gateway")] = Field(
        0, description="The port behind a load balancer; deprecated."
    )


class Server(ObjectSpec):
    """One port, what is spoken there, and for which hosts."""

    port: GatewayPort = Field(description="The port.")
    bind: Annotated[str, BeforeValidator(_bind)] = Field("", description="IP address to listen on; 127.0.0.1.")
    hosts: Annotated[
        Items[Annotated[str, BeforeValidator(_host)]],
        Field(min_length=1),
        Differs("of the servers of a port, each host belongs to the one that names it most exactly, and to no other"),
    ] = Field(description="Hosts, `namespace/host` to leave one to the routes of a namespace, `./host` to its own.")
    tls: ServerTls | None = Field(None, description="TLS; needed for HTTPS and TLS.")
    default_endpoint: Annotated[str, Refused("has no effect: Istio does not do it either; write a route")] = Field(
        "", description="Where requests without a route go."
    )
    name: str = Field("", description="What the server is called; each has its own name.")


class GatewaySpec(ObjectSpec):
    """Where a gateway listens."""

    selector: Strings = Field(description="Labels of the gateways that it is for; every gateway if there is none.")
    servers: Annotated[Items[Server], Field(min_length=1)] = Field(description="Its ports.")


class Gateway(Object):
    """Where the gateway listens, and for which hosts."""

    spec: GatewaySpec = Field(description="The gateway.")


def read(part: Written) -> Fragment:
    """One Gateway: a listener for each of its servers."""
    found = validated(part, Gateway)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    _check_names(part, spec)
    for index, server in enumerate(spec.servers):
        _check_tls(part, ("spec", "servers", index), server)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    made = created(found.metadata)
    listeners = tuple(_listener(part, index, spec, made) for index in range(len(spec.servers)))
    return Fragment(listeners=listeners, findings=tuple(part.findings))


def _check_names(part: Written, spec: GatewaySpec) -> None:
    sections: set[str] = set()
    for index, server in enumerate(spec.servers):
        if (section := _section(server)) in sections:
            name = ("name",) if server.name else ("port", "name")
            message = f'is "{section}", which another server has; give each its own name'
            part.error(("spec", "servers", index, *name), message)
        sections.add(section)


def _check_tls(part: Written, path: tuple[Step, ...], server: Server) -> None:
    protocol, tls = server.port.protocol, server.tls
    if protocol == "UDP":
        part.error((*path, "port", "protocol"), "is UDP, which a Gateway of Istio does not have; write a UDPRoute")
    if protocol in _TLS:
        if tls is None:
            part.error(path, f"speaks {protocol} and needs tls")
            return
        if tls.https_redirect:
            part.warning((*path, "tls", "httpsRedirect"), "has no effect on what is HTTPS already")
        server_tls.check(part, (*path, "tls"), tls)
    elif tls is not None and (protocol not in _HTTP or tls.model_fields_set - {"https_redirect"}):
        beside = " but httpsRedirect" if protocol in _HTTP else ""
        part.error((*path, "tls"), f"can have nothing{beside} where {protocol} is spoken; write protocol: HTTPS or TLS")


def moved(port: int) -> int:
    """Where a port really is."""
    return port + MOVE if port < PRIVILEGED else port


def _section(server: Server) -> str:
    """The name of a server within its gateway."""
    return server.name or server.port.name or str(server.port.number)


def _listener(part: Written, index: int, spec: GatewaySpec, made: str) -> Listener:
    server, path = spec.servers[index], ("spec", "servers", index)
    gateway, number, tls = part.document.key.name, server.port.number, server.tls
    section = _section(server)
    listener = Listener(
        name=Name(gateway.namespace, f"{ISTIO}{gateway.name}/{section}"),
        origin=part.at(*path),
        port=moved(number),
        protocol=_protocol(server),
        redirect_to_https=_https_port(spec) if tls is not None and _redirects(server) else None,
        gateway=Name(gateway.namespace, f"{ISTIO}{gateway.name}"),
        section=section,
        hosts=tuple(_listener_host(host, gateway.namespace) for host in dict.fromkeys(server.hosts)),
        declared_port=number if moved(number) != number else 0,
        created=made,
        selector=labels_of(spec.selector),
    )
    if server.bind:
        listener = replace(listener, address=server.bind)
    if tls is None or server.port.protocol not in _TLS:
        return listener
    return replace(
        listener,
        certificates=server_tls.certificates(part, (*path, "tls"), tls),
        tls=server_tls.handling(tls),
        client_trust=server_tls.trust(part, tls),
        versions=server_tls.versions(tls),
    )


def _redirects(server: Server) -> bool:
    return server.port.protocol in _HTTP and server.tls is not None and server.tls.https_redirect


def _https_port(spec: GatewaySpec) -> int:
    """Where the first HTTPS server of the gateway is; the usual port if it has none itself."""
    secure = (server.port.number for server in spec.servers if server.port.protocol == "HTTPS")
    return moved(next(secure, _HTTPS))


def _protocol(server: Server) -> ListenerProtocol:
    protocol, tls = server.port.protocol, server.tls
    if protocol in _HTTP:
        return ListenerProtocol.HTTP
    if protocol not in _TLS:
        return ListenerProtocol.TCP
    ends = server_tls.handling(tls) in {TlsHandling.TERMINATE, TlsHandling.MESH}
    return ListenerProtocol.HTTPS if protocol == "HTTPS" and ends else ListenerProtocol.TLS


def _listener_host(text: str, namespace: str) -> ListenerHost:
    place, _, host = text.rpartition("/")
    if place in {"", "*"}:
        return ListenerHost(host=host)
    return ListenerHost(host=host, namespaces=(namespace if place == "." else place,))


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="Gateway",
    schema=Gateway,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/gateway/",
)
