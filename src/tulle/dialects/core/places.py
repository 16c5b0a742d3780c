"""`Endpoints` and `EndpointSlice`: where a service is that is not run here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import Ip, PortNumber
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, Refused, Strings, validated
from tulle.dialects.written import Written
from tulle.model.hostnames import is_address
from tulle.model.mesh import Fragment
from tulle.model.names import Name, named
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Places

SERVICE = "kubernetes.io/service-name"
"""Label of an EndpointSlice that says whose it is."""
_OTHERS = "Ignored: it says nothing about how the address is called."


class PlacePort(ObjectSpec):
    """A port that is open at the addresses."""

    name: str | None = Field(None, description="The name of the port of the service.")
    port: PortNumber | None = Field(None, description="Its number there.")
    protocol: Literal["TCP", "UDP", "SCTP"] | None = Field(None, description="TCP or UDP; SCTP is left out.")
    app_protocol: Annotated[str | None, Differs("Ignored: what is spoken is said by the service.")] = Field(
        None, description="What is spoken."
    )


class Reference(ObjectSpec):
    """The object that an address belongs to."""

    api_version: str | None = Field(None, description="Its version.")
    field_path: str | None = Field(None, description="A part of it.")
    kind: str | None = Field(None, description="Its kind.")
    name: str | None = Field(None, description="Its name.")
    namespace: str | None = Field(None, description="Its namespace.")
    resource_version: str | None = Field(None, description="A revision of it.")
    uid: str | None = Field(None, description="Its identifier.")


class SubsetAddress(ObjectSpec):
    """An address."""

    ip: Ip = Field(description="The address.")
    hostname: Annotated[str | None, Differs(_OTHERS)] = Field(None, description="Its name in DNS.")
    node_name: Annotated[str | None, Differs(_OTHERS)] = Field(None, description="The node that it is on.")
    target_ref: Annotated[Reference | None, Differs(_OTHERS)] = Field(None, description="What it belongs to.")


class EndpointSubset(ObjectSpec):
    """Addresses that have the same ports."""

    addresses: Items[SubsetAddress] = Field((), description="Those that are ready.")
    not_ready_addresses: Items[SubsetAddress] = Field((), description="Those that are not.")
    ports: Items[PlacePort] = Field((), description="The ports that each of them has.")


class EndpointsObject(Object):
    """The addresses of the service of the same name."""

    subsets: Items[EndpointSubset] = Field((), description="Groups of addresses.")


class Conditions(ObjectSpec):
    """How an endpoint is."""

    ready: bool | None = Field(None, description="Whether it is called; true if not given.")
    serving: Annotated[bool | None, Differs("Ignored: ready decides.")] = Field(
        None, description="Whether it answers, even if it is about to end."
    )
    terminating: bool | None = Field(None, description="Whether it is about to end: it gets no new calls.")


HEALTHY = Conditions.model_validate({})


class ForZone(ObjectSpec):
    """A zone."""

    name: str = Field(description="Its name.")


class ForNode(ObjectSpec):
    """A node."""

    name: str = Field(description="Its name.")


class Hints(ObjectSpec):
    """For whom an endpoint is meant."""

    for_zones: Items[ForZone] = Field((), description="Callers of these zones.")
    for_nodes: Items[ForNode] = Field((), description="Callers on these nodes.")


class SliceEndpoint(ObjectSpec):
    """One endpoint."""

    addresses: Annotated[Items[str], Field(min_length=1)] = Field(description="Its addresses; the first one is used.")
    conditions: Conditions = Field(HEALTHY, description="How it is.")
    zone: str | None = Field(None, description="The zone that it is in.")
    hints: Annotated[Hints | None, Differs("Ignored: callers choose by the zone of the endpoint.")] = Field(
        None, description="For whom it is meant."
    )
    hostname: Annotated[str | None, Differs(_OTHERS)] = Field(None, description="Its name in DNS.")
    node_name: Annotated[str | None, Differs(_OTHERS)] = Field(None, description="The node that it is on.")
    target_ref: Annotated[Reference | None, Differs(_OTHERS)] = Field(None, description="What it belongs to.")
    deprecated_topology: Annotated[Strings, Refused("has no effect: write zone", unless=({},))] = Field(
        description="Labels of its node, in older versions."
    )


class SliceObject(Object):
    """Some addresses of a service."""

    address_type: Literal["IPv4", "IPv6", "FQDN"] = Field(description="What the addresses are.")
    endpoints: Items[SliceEndpoint] = Field((), description="The endpoints.")
    ports: Items[PlacePort] | None = Field(None, description="The ports that each of them has.")


def read_endpoints(part: Written) -> Fragment:
    """The addresses of one service."""
    found = validated(part, EndpointsObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    places: list[Endpoint] = []
    for index, subset in enumerate(found.subsets):
        ports = tuple(_ports(part, ("subsets", index), subset.ports))
        for addresses, is_ready in ((subset.addresses, True), (subset.not_ready_addresses, False)):
            for address in addresses:
                places += _at(address.ip, ports, is_ready=is_ready)
    return _fragment(part, part.document.key.name, places)


def read_slice(part: Written) -> Fragment:
    """Some addresses of a service."""
    found = validated(part, SliceObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    service = found.metadata.labels.get(SERVICE)
    if service is None:
        part.warning(("metadata", "labels"), f"have no {SERVICE}, so these addresses belong to no service")
        return Fragment(findings=tuple(part.findings))
    ports = tuple(_ports(part, (), found.ports or ()))
    places: list[Endpoint] = []
    for index, endpoint in enumerate(found.endpoints):
        if not is_address(endpoint.addresses[0]):
            part.warning(
                ("endpoints", index, "addresses", 0),
                f'is "{endpoint.addresses[0]}", which is no IP address: it is left out',
            )
            continue
        conditions = endpoint.conditions
        places += _at(
            endpoint.addresses[0],
            ports,
            is_ready=conditions.ready is not False,
            is_draining=conditions.terminating is True,
            locality=Locality(zone=endpoint.zone) if endpoint.zone else None,
        )
    return _fragment(part, named(part.document.key.name.namespace, service), places)


def _fragment(part: Written, service: Name, endpoints: Iterable[Endpoint]) -> Fragment:
    name = part.document.key.name
    places = Places(name=name, origin=part.origin, service=service, endpoints=tuple(dict.fromkeys(endpoints)))
    return Fragment(objects=(places,), findings=tuple(part.findings))


def _ports(part: Written, path: tuple[str | int, ...], ports: tuple[PlacePort, ...]) -> Iterator[tuple[str, int]]:
    """Names and numbers of the ports that can be called."""
    if not ports:
        part.warning((*path, "ports") if path else (), "names no ports, so nothing can be called there")
    for index, port in enumerate(ports):
        if port.port is not None and port.protocol != "SCTP":
            yield port.name or "", port.port
        else:
            what = "is SCTP, which cannot be carried" if port.protocol == "SCTP" else "has no number"
            part.warning((*path, "ports", index), f"{what}: it is left out")


def _at(
    address: str,
    ports: tuple[tuple[str, int], ...],
    *,
    is_ready: bool,
    is_draining: bool = False,
    locality: Locality | None = None,
) -> Iterator[Endpoint]:
    """The places at an address."""
    for name, number in ports:
        yield Endpoint(
            address=address,
            port=number,
            port_name=name,
            locality=locality,
            is_ready=is_ready,
            is_draining=is_draining,
        )


KINDS = (
    ObjectKind(
        group="",
        versions=("v1",),
        kind="Endpoints",
        schema=EndpointsObject,
        read=read_endpoints,
        documentation="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/",
    ),
    ObjectKind(
        group="discovery.k8s.io",
        versions=("v1", "v1beta1"),
        kind="EndpointSlice",
        schema=SliceObject,
        read=read_slice,
        documentation="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/",
    ),
)
