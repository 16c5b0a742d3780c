"""Middlewares for connections."""

from __future__ import annotations

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.clients import allowed
from tulle.dialects.traefik.middleware_specs import InFlightConnSpec, TcpMiddlewareSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routers import TCP, Steps
from tulle.model.steps import AllowAddresses, LimitConnections


def read(part: Written) -> Fragment:
    """The middleware, if it is exactly one of the kinds."""
    spec = validated(part, TcpMiddlewareSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    given = {name: value for name in _NAMES if (value := getattr(spec, name)) is not None}
    step: AllowAddresses | LimitConnections
    if len(given) != 1:
        part.error((), f"must be exactly one of inFlightConn, ipAllowList, not {len(given) or 'none'} of them")
        return Fragment(findings=tuple(part.findings))
    ((field, value),) = given.items()
    if isinstance(value, InFlightConnSpec):
        step = LimitConnections(amount=value.amount)
    else:
        step = AllowAddresses(ranges=allowed(part, value.source_range, _NAMES[field], "sourceRange"))
    name = part.document.key.name
    steps = Steps(name=Name(name.namespace, TCP + name.name), origin=part.origin, steps=(step,))
    return Fragment(objects=() if part.has_errors else (steps,), findings=tuple(part.findings))


_NAMES = {"in_flight_conn": "inFlightConn", "ip_allow_list": "ipAllowList", "ip_white_list": "ipWhiteList"}
KIND = Kind(
    name="traefik/tcp-middleware",
    noun="TCP middleware",
    section=("tcp", "middlewares"),
    shape=Shape.NAMED,
    schema=TcpMiddlewareSpec,
    read=read,
)
