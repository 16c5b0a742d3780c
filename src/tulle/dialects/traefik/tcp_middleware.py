"""Middlewares for connections."""

from __future__ import annotations

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import arguments
from tulle.dialects.traefik.middleware_specs import TcpMiddlewareSpec
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
    allowed = spec.ip_allow_list or spec.ip_white_list
    given = [each for each in (spec.in_flight_conn, spec.ip_allow_list, spec.ip_white_list) if each is not None]
    step: AllowAddresses | LimitConnections | None = None
    if len(given) != 1:
        part.error((), f"must be exactly one of inFlightConn, ipAllowList, not {len(given) or 'none'} of them")
    elif allowed is not None:
        for index, each in enumerate(allowed.source_range):
            if problem := arguments.subnet(each):
                part.error(("ipAllowList", "sourceRange", index), f"{problem}: {shown(each)}")
        if not part.has_errors:
            step = AllowAddresses(ranges=tuple(map(arguments.network, allowed.source_range)))
    elif spec.in_flight_conn is not None:
        step = LimitConnections(amount=spec.in_flight_conn.amount)
    name = part.document.key.name
    found = (Steps(name=Name(name.namespace, TCP + name.name), origin=part.origin, steps=(step,)),) if step else ()
    return Fragment(objects=found, findings=tuple(part.findings))


KIND = Kind(
    name="traefik/tcp-middleware",
    noun="TCP middleware",
    section=("tcp", "middlewares"),
    shape=Shape.NAMED,
    schema=TcpMiddlewareSpec,
    read=read,
)
