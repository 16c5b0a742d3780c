"""Where requests are sent: Istio's `Destination`, its weights, and the changes to headers on the way."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects import commands
from tulle.dialects.fields import PortNumber, Weight
from tulle.dialects.istio.hosts import HostName, full_host, service_name
from tulle.dialects.istio.values import Header, Value
from tulle.dialects.objects import Items, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.routes import Backend, HeaderChanges

_HOST = ("host", ":authority")


class PortSelector(ObjectSpec):
    """A port by its number."""

    number: PortNumber | None = Field(None, description="The number.")


class Destination(ObjectSpec):
    """A service, or a part of it."""

    host: HostName = Field(description="The service: its short name in this namespace, or a full host name.")
    subset: str = Field("", description="The part of it that a DestinationRule gives this name.")
    port: PortSelector | None = Field(None, description="The port; needed if the service has several.")


class HeaderOperations(ObjectSpec):
    """Changes to headers."""

    set: dict[Header, Value] = Field(
        default_factory=dict, description="Replaces headers; values may hold Envoy's commands, `%REQ(x-user)%`."
    )
    add: dict[Header, Value] = Field(default_factory=dict, description="Appends to headers.")
    remove: Items[Header] = Field((), description="Removes headers.")


class Headers(ObjectSpec):
    """Changes to headers on the way and back."""

    request: HeaderOperations | None = Field(None, description="Of requests; setting `Host` changes the host.")
    response: HeaderOperations | None = Field(None, description="Of answers.")


class RouteDestination(ObjectSpec):
    """A place that gets a share of the connections."""

    destination: Destination = Field(description="Where they go.")
    weight: Weight | None = Field(None, description="Its share, relative to the sum; all if it is the only one.")


class HttpRouteDestination(RouteDestination):
    """A place that gets a share of the requests."""

    headers: Headers | None = Field(None, description="Changes to headers of the requests that go there.")


def backend(part: Written, path: tuple[Step, ...], spec: Destination, weight: int = 1) -> Backend:
    """The place that is written at `path`."""
    namespace = part.document.key.name.namespace
    host = full_host(spec.host, namespace)
    service = service_name(host)
    return Backend(
        service=service or Name(namespace, host),
        host="" if service else host,
        port=spec.port.number if spec.port is not None else None,
        subset=spec.subset or None,
        weight=weight,
        origin=part.at(*path),
    )


def weights(part: Written, path: tuple[Step, ...], specs: tuple[RouteDestination, ...]) -> tuple[int, ...]:
    """The shares of several places; a single one gets all."""
    if len(specs) == 1:
        return (specs[0].weight or 100,)
    if specs and not any(spec.weight for spec in specs):
        part.error(path, "has only weights of 0; give at least one a weight above 0")
    elif any(spec.weight is None for spec in specs):
        index = next(index for index, spec in enumerate(specs) if spec.weight is None)
        part.warning((*path, index), "has no weight beside others that have one, so it gets nothing; write its weight")
    return tuple(spec.weight or 0 for spec in specs)


def request_changes(
    part: Written, path: tuple[Step, ...], headers: Headers | None
) -> tuple[HeaderChanges | None, str | None]:
    """Changes to headers of requests, and the host if they change it."""
    operations = headers.request if headers is not None else None
    if operations is None:
        return None, None
    hosts = [value for each in (operations.set, operations.add) for key, value in each.items() if key in _HOST]
    if len(hosts) > 1:
        part.error((*path, "request"), "gives the host twice; keep one")
    return _changes(part, (*path, "request"), operations), hosts[0] if hosts else None


def response_changes(part: Written, path: tuple[Step, ...], headers: Headers | None) -> HeaderChanges | None:
    """Changes to headers of answers."""
    if headers is None or headers.response is None:
        return None
    return _changes(part, (*path, "response"), headers.response)


def _changes(part: Written, path: tuple[Step, ...], operations: HeaderOperations) -> HeaderChanges | None:
    is_request = path[-1] == "request"
    for field, given in (("set", operations.set), ("add", operations.add)):
        for key, value in given.items():
            if key.startswith(":") and not (is_request and key in _HOST):
                part.error((*path, field, key), "is no header that can be changed")
            if wrong := commands.problem(value):
                part.error((*path, field, key), wrong)
    for key in operations.remove:
        if key.startswith(":") or (is_request and key in _HOST):
            part.error((*path, "remove"), f"names {key}, which cannot be removed")
    found = HeaderChanges(
        set=tuple(item for item in operations.set.items() if not (is_request and item[0] in _HOST)),
        add=tuple(item for item in operations.add.items() if not (is_request and item[0] in _HOST)),
        remove=operations.remove,
    )
    return found if found != HeaderChanges() else None
