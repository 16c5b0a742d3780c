"""What route rules refer to. Knows nothing of Envoy."""

from __future__ import annotations

from collections.abc import Iterator

from tulle.kit.memo import remember
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, RouteSet
from tulle.model.steps import AskServer, ErrorPages


def backends(route_set: RouteSet) -> Iterator[Backend]:
    """Every place that requests or connections of these rules may be sent to."""
    yield from request_backends(route_set)
    yield from stream_backends(route_set)


def request_backends(route_set: RouteSet) -> Iterator[Backend]:
    """Of the rules for requests; mirrors and those who are asked before included."""
    for rule in route_set.rules:
        if isinstance(rule.action, Forward):
            for backend in rule.action.backends:
                yield backend
                yield from backend.fallbacks
            for mirror in rule.action.mirrors:
                yield mirror.backend
        if rule.check is not None:
            yield rule.check.backend
        for step in rule.steps:
            if isinstance(step, AskServer | ErrorPages):
                yield step.backend


def stream_backends(route_set: RouteSet) -> Iterator[Backend]:
    """Of the rules for connections."""
    for rule in route_set.streams:
        yield from rule.backends


@remember(size=1)
def referenced_services(route_set: RouteSet) -> frozenset[Name]:
    """The services whose change may change what these rules compile to."""
    return frozenset(backend.service for backend in backends(route_set))
