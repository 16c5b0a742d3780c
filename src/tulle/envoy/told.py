"""What routes say about being logged, counted and traced, for whoever logs, counts and traces at a listener.

It stands in the metadata of routes, so that no listener changes with a route.
"""

from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2

from tulle.model.observing import Told

INTERNAL, UNLOGGED, UNCOUNTED = "tulle.internal", "tulle.unlogged", "tulle.uncounted"
EVERYTHING = Told()


def mark(told: Told, message: route_components_pb2.Route) -> None:
    """Note it at a route."""
    if told == EVERYTHING:
        return
    marks = ((INTERNAL, told.is_internal), (UNLOGGED, not told.is_logged), (UNCOUNTED, not told.is_counted))
    for name, is_so in marks:
        if is_so:
            message.metadata.filter_metadata[name].SetInParent()


def unmarked(*names: str) -> str:
    """CEL: that a route is marked by none of these."""
    return " && ".join(f"!('{name}' in xds.route_metadata.filter_metadata)" for name in names)
