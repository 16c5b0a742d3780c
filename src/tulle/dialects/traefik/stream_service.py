"""Services for connections and datagrams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import health, server_tls
from tulle.dialects.traefik.references import reference
from tulle.dialects.traefik.stream_specs import (
    StreamServerSpec,
    TcpHealthSpec,
    TcpLoadBalancerSpec,
    TcpServiceSpec,
    TcpTransportSpec,
    TcpWeightedSpec,
    UdpServerSpec,
    UdpServiceSpec,
)
from tulle.dialects.written import Written
from tulle.model.hostnames import is_address
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Balance, HealthCheck, LoadBalancing, Policy
from tulle.model.routers import TCP, UDP, USUAL_TCP_TRANSPORT, Blend, Pool, Share, Transport
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

PORT = 80
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\s]+):(?P<port>[0-9]{1,5})")


def read_tcp(part: Written) -> Fragment:
    """The service, if it is exactly one of the kinds of services."""
    spec = validated(part, TcpServiceSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    name = _named(part, TCP)
    given = [each for each in (spec.load_balancer, spec.weighted) if each is not None]
    found: Pool | Blend | None = None
    if len(given) != 1:
        part.error((), "must be exactly one of loadBalancer, weighted")
    elif isinstance(given[0], TcpWeightedSpec):
        found = _blend(part, name, given[0], TCP)
    else:
        found = _pool(part, name, given[0])
    return Fragment(objects=(found,) if found is not None else (), findings=tuple(part.findings))


def _pool(part: Written, name: Name, spec: TcpLoadBalancerSpec) -> Pool | None:
    endpoints = _endpoints(part, spec.servers)
    if endpoints is None:
        return None
    policy = Policy(
        load_balancing=LoadBalancing(balance=Balance.ROUND_ROBIN),
        connect_timeout=30.0,
        health_check=_health(part, spec.health_check),
        proxy_protocol=spec.proxy_protocol.version if spec.proxy_protocol is not None else 0,
    )
    to = spec.servers_transport
    return Pool(
        name=name,
        origin=part.origin,
        service=_service(part, name, Protocol.TCP, endpoints, policy),
        transport=reference(part, to, "loadBalancer", "serversTransport", within=TCP) if to else None,
        is_encrypted=any(each.tls for each in spec.servers),
        authorities=tuple(each.address for each in spec.servers),
        is_checked=spec.health_check is not None,
    )


def read_udp(part: Written) -> Fragment:
    """The service, if it is exactly one of the kinds of services."""
    spec = validated(part, UdpServiceSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    name = _named(part, UDP)
    given = [each for each in (spec.load_balancer, spec.weighted) if each is not None]
    found: Pool | Blend | None = None
    if len(given) != 1:
        part.error((), "must be exactly one of loadBalancer, weighted")
    elif isinstance(given[0], TcpWeightedSpec):
        found = _blend(part, name, given[0], UDP)
    elif (endpoints := _endpoints(part, given[0].servers)) is not None:
        policy = Policy(load_balancing=LoadBalancing(balance=Balance.ROUND_ROBIN))
        found = Pool(name=name, origin=part.origin, service=_service(part, name, Protocol.UDP, endpoints, policy))
    return Fragment(objects=(found,) if found is not None else (), findings=tuple(part.findings))


def read_transport(part: Written) -> Fragment:
    """How servers are spoken to."""
    spec = validated(part, TcpTransportSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    certificate, key = server_tls.shown(spec.tls) if spec.tls is not None else ("", "")
    transport = Transport(
        name=_named(part, TCP),
        origin=part.origin,
        tls=server_tls.read(part, spec.tls, "tls") if spec.tls is not None else None,
        authorities=server_tls.authorities(spec.tls) if spec.tls is not None else "",
        certificate=certificate,
        key=key,
        connect_timeout=spec.dial_timeout or 30.0,
        proxy_protocol=spec.proxy_protocol.version if spec.proxy_protocol is not None else 0,
    )
    return Fragment(objects=(transport,), findings=tuple(part.findings))


def _named(part: Written, within: str) -> Name:
    name = part.document.key.name
    return Name(name.namespace, within + name.name)


def _blend(part: Written, name: Name, spec: TcpWeightedSpec, within: str) -> Blend:
    return Blend(
        name=name,
        origin=part.origin,
        shares=tuple(
            Share(
                to=reference(part, each.name, "weighted", "services", index, "name", within=within),
                weight=1 if each.weight is None else each.weight,
            )
            for index, each in enumerate(spec.services)
        ),
        is_checked=spec.health_check is not None,
    )


def _endpoints(part: Written, specs: Sequence[StreamServerSpec | UdpServerSpec]) -> tuple[Endpoint, ...] | None:
    found = []
    for index, spec in enumerate(specs):
        address = _ADDRESS.fullmatch(spec.address or f"127.0.0.1:{spec.port}")
        if address is None or not 0 < int(address["port"]) < 65536:
            path = ("loadBalancer", "servers", index, "address")
            part.error(path, f"must be an address such as 10.0.0.1:5432, not {shown(spec.address)}")
            return None
        found.append(Endpoint(address=address["host"].strip("[]"), port=int(address["port"])))
    return tuple(found)


def _service(part: Written, name: Name, protocol: Protocol, endpoints: tuple[Endpoint, ...], policy: Policy) -> Service:
    are_addresses = all(is_address(each.address) for each in endpoints)
    return Service(
        name=name,
        origin=part.origin,
        ports=(Port(name=protocol, number=PORT, protocol=protocol),),
        account="",
        addresses=endpoints,
        resolution=Resolution.ENDPOINTS if are_addresses else Resolution.DNS,
        is_outside=True,
        runs_here=False,
        policy=policy,
    )


def read_usual_transport(part: Written) -> Fragment:
    """The one of services for connections that name none."""
    found = read_transport(part)
    usual = (replace(each, name=USUAL_TCP_TRANSPORT) for each in found.objects if isinstance(each, Transport))
    return replace(found, objects=tuple(usual))


def _health(part: Written, spec: TcpHealthSpec | None) -> HealthCheck | None:
    if spec is None:
        return None
    field = ("loadBalancer", "healthCheck")
    return HealthCheck(
        interval=health.period(part, spec.interval, health.INTERVAL, *field, "interval"),
        timeout=health.period(part, spec.timeout, health.TIMEOUT, *field, "timeout"),
        unhealthy_after=1,
        healthy_after=1,
        unhealthy_interval=health.period(part, spec.unhealthy_interval, health.INTERVAL, *field, "unhealthyInterval")
        if spec.unhealthy_interval is not None
        else None,
        port=spec.port,
        sends=spec.send,
        expects=spec.expect,
    )


KINDS = (
    Kind(
        name="traefik/tcp-service",
        noun="TCP service",
        section=("tcp", "services"),
        shape=Shape.NAMED,
        schema=TcpServiceSpec,
        read=read_tcp,
    ),
    Kind(
        name="traefik/udp-service",
        noun="UDP service",
        section=("udp", "services"),
        shape=Shape.NAMED,
        schema=UdpServiceSpec,
        read=read_udp,
    ),
    Kind(
        name="traefik/tcp-transport",
        noun="TCP serversTransport",
        section=("tcp", "serversTransports"),
        shape=Shape.NAMED,
        schema=TcpTransportSpec,
        read=read_transport,
    ),
)
