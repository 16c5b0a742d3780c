"""What people may mean by the names and ports in their changes, for one resource of one proxy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from tulle.envoy import naming
from tulle.model.extensions import PatchContext, PatchMatch
from tulle.model.names import SERVICE_SUFFIX

Ports: TypeAlias = frozenset[int]
MOVED = 8000
"""Ports of a gateway below 1024 are moved up by this."""
VIRTUAL_INBOUND, VIRTUAL_OUTBOUND, PASSTHROUGH = "virtualInbound", "virtualOutbound", "PassthroughCluster"
SIDECAR_ROUTES = "http_proxy"
_LISTENER = re.compile(r"(?:[0-9.]+|\[?[0-9a-f:]+\]?)_([0-9]+)")
_GATEWAY_ROUTES = re.compile(r"https?\.([0-9]+)(?:\.([^.]+)\.([^.]+)\.([^.]+))?")
_INBOUND_ROUTES = re.compile(r"inbound\|([0-9]*)\|.*")


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a resource: which side it is of, and by what it is called beside its own name."""

    context: PatchContext
    ports: Ports = frozenset()
    services: tuple[str, ...] = ()
    """Host names of the service that a cluster is of."""
    gateways: tuple[tuple[str, str], ...] = ()
    """Gateways (`namespace/name`) and the names of their ports, of which a route configuration is."""
    filters: tuple[tuple[str, str], ...] = ()
    """What HTTP filters that routes may configure are called by Envoy, and what here."""


def is_in(context: PatchContext, facts: Facts) -> bool:
    """Whether a change for one side concerns a resource."""
    return context in {PatchContext.ANY, facts.context}


def gateway_ports(port: int) -> Ports:
    """The numbers that a port of a gateway may have in documents."""
    return frozenset((port, port - MOVED)) if 0 < port - MOVED < 1024 else frozenset((port,))


def is_listener(match: PatchMatch, name: str, facts: Facts) -> bool:
    """Whether a listener is the one that is meant, by its name and port."""
    if match.listener and match.listener != name:
        named = _LISTENER.fullmatch(match.listener)
        if match.listener == VIRTUAL_INBOUND:
            if facts.context is not PatchContext.SIDECAR_INBOUND:
                return False
        elif match.listener == VIRTUAL_OUTBOUND:
            if name not in {naming.OUTBOUND, naming.CONNECT}:
                return False
        elif named is None or int(named[1]) not in facts.ports:
            return False
    return not match.port or match.port in facts.ports


def is_route_configuration(match: PatchMatch, name: str, facts: Facts) -> bool:
    """Whether a route configuration is meant; those of sidecars have the ports of one virtual host of theirs."""
    if match.port and match.port not in facts.ports:
        return False
    if match.gateway and match.gateway not in {gateway for gateway, _ in facts.gateways}:
        return False
    if match.port_name and match.port_name not in {port for _, port in facts.gateways}:
        return False
    return not match.route_configuration or _is_named(match.route_configuration, name, facts)


def _is_named(text: str, name: str, facts: Facts) -> bool:
    if text == name or (text == SIDECAR_ROUTES and facts.context is PatchContext.SIDECAR_OUTBOUND):
        return True
    if text.isascii() and text.isdecimal():
        return facts.context is PatchContext.SIDECAR_OUTBOUND and int(text) in facts.ports
    if inbound := _INBOUND_ROUTES.fullmatch(text):
        is_inbound = facts.context is PatchContext.SIDECAR_INBOUND
        return is_inbound and (not inbound[1] or int(inbound[1]) in facts.ports)
    found = _GATEWAY_ROUTES.fullmatch(text)
    if found is None or facts.context is not PatchContext.GATEWAY or int(found[1]) not in facts.ports:
        return False
    return found[2] is None or (f"{found[4]}/{found[3]}", found[2]) in facts.gateways


def is_virtual_host(match: PatchMatch, name: str, domains: tuple[str, ...], facts: Facts) -> bool:
    """Whether a virtual host is meant: by its own name, by one of its domains, or as Istio calls it (`host:port`)."""
    if match.domain and match.domain not in domains:
        return False
    text = match.virtual_host
    if not text or text == name or text in domains:
        return True
    host, colon, port = text.rpartition(":")
    if text.startswith("inbound|"):
        return facts.context is PatchContext.SIDECAR_INBOUND and int_or_0(text.rpartition("|")[2]) in facts.ports
    return bool(colon) and host in domains and int_or_0(port) in facts.ports


def is_cluster(match: PatchMatch, name: str, facts: Facts) -> bool:
    """Whether a cluster is meant."""
    if match.cluster:
        ours = naming.OUTSIDE if match.cluster == PASSTHROUGH else match.cluster
        return ours == name or _shortened(ours) == name
    if match.port and match.port not in facts.ports:
        return False
    if match.subset and match.subset != naming.parse_cluster(name).subset:
        return False
    return not match.service or match.service.lower() in facts.services


def _shortened(cluster: str) -> str:
    """A name of a cluster as it is here: without the domain of the mesh."""
    return cluster.removesuffix(SERVICE_SUFFIX)


def int_or_0(text: str) -> int:
    """A whole number, or 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
