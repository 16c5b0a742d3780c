"""Whether sidecars of the mesh stand before the endpoints of a service. Knows nothing of Envoy."""

from __future__ import annotations

from enum import Enum, auto

from tulle.model.services import Port, Protocol, Resolution, Service


class Meshing(Enum):
    """How many of the endpoints are called by mutual TLS, unless somebody says otherwise."""

    ALL = auto()
    SOME = auto()
    """Each endpoint tells by itself (`Endpoint.is_meshed`)."""
    NONE = auto()


def meshing(service: Service, port: Port) -> Meshing:
    """What can be said of the endpoints of a port before they are known."""
    is_foreign = service.is_outside or bool(service.alias) or port.protocol is Protocol.UDP
    if is_foreign or service.resolution in {Resolution.NONE, Resolution.DYNAMIC_DNS}:
        return Meshing.NONE
    fixed = service.addresses
    # Instances of ours join fixed addresses only where a selector finds them.
    has_instances = (
        service.resolution is Resolution.ENDPOINTS and service.runs_here and (not fixed or bool(service.selector))
    )
    told = {each.is_meshed for each in fixed}
    some_are = has_instances or True in told
    some_are_not = port.number in service.plain_ports or False in told
    if some_are:
        return Meshing.SOME if some_are_not else Meshing.ALL
    return Meshing.NONE
