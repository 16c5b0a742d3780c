"""What route rules refer to. Knows nothing of Envoy."""

from __future__ import annotations

from collections.abc import Iterator

from tulle.kit.memo import remember
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, RouteSet


def backends(route_set: RouteSet) -> Iterator[Backend]:
    """Every place that requests of these rules may be sent to, mirrors and those who are asked before included."""
    for rule in route_set.rules:
        if rule.check is not None:
            yield rule.check.backend
        if isinstance(rule.action, Forward):
            yield from rule.action.backends
            for mirror in rule.action.mirrors:
                yield mirror.backend


@remember(size=1)
def referenced_services(route_set: RouteSet) -> frozenset[Name]:
    """The services whose change may change what these rules compile to."""
    streamed = (backend for rule in route_set.streams for backend in rule.backends)
    return frozenset(backend.service for backend in (*backends(route_set), *streamed))
