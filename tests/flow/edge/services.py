"""Services, transports and what looks them up."""

from __future__ import annotations

from typing import Any

from tulle.flow.edge.known import Known, Lookup
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.routers import Blend, Failover, Mirroring, Pool, Reference, ServiceTree, Share, Transport
from tulle.model.services import Endpoint, Port, Service

HERE = Origin("file", "traefik.yml", subject="router r")


def name(text: str) -> Name:
    return Name("@file", text)


def to(text: str) -> Reference:
    return Reference(name(text), HERE)


def pool(text: str, *servers: str, **more: Any) -> Pool:
    hosts = servers or ("10.0.0.1:80",)
    places = tuple(Endpoint(address=each.rpartition(":")[0], port=80, hostname=each) for each in hosts)
    service = Service(name=name(text), origin=HERE, ports=(Port(name="http", number=80),), account="", addresses=places)
    urls = tuple(f"http://{each}" for each in hosts)
    return Pool(name=name(text), origin=HERE, service=service, authorities=hosts, urls=urls, **more)


def blend(text: str, *shares: tuple[str, int], **more: Any) -> Blend:
    parts = tuple(Share(to=to(each), weight=weight) for each, weight in shares)
    return Blend(name=name(text), origin=HERE, shares=parts, **more)


def mirroring(text: str, service: str, *mirrors: tuple[str, float], **more: Any) -> Mirroring:
    copies = tuple((to(each), percent) for each, percent in mirrors)
    return Mirroring(name=name(text), origin=HERE, service=to(service), mirrors=copies, **more)


def failover(text: str, service: str, fallback: str, **more: Any) -> Failover:
    return Failover(name=name(text), origin=HERE, service=to(service), fallback=to(fallback), **more)


def lookup(*things: ServiceTree | Transport) -> Lookup:
    def some(kind: type[Any]) -> dict[Name, Any]:
        return {each.name: each for each in things if isinstance(each, kind)}

    known = Known(
        pools=some(Pool),
        blends=some(Blend),
        mirrorings=some(Mirroring),
        failovers=some(Failover),
        transports=some(Transport),
    )
    return Lookup(known, name("r"), "router r")
