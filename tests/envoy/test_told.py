from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import told
from tulle.model.observing import Told


def marked(what: Told) -> route_components_pb2.Route:
    message = route_components_pb2.Route()
    told.mark(what, message)
    return message


def test_what_is_usual_needs_no_mark() -> None:
    assert marked(Told()) == route_components_pb2.Route()


def test_marks() -> None:
    found = marked(Told(is_logged=False, is_counted=False))
    assert set(found.metadata.filter_metadata) == {told.UNLOGGED, told.UNCOUNTED}
    found = marked(Told(is_internal=True))
    assert set(found.metadata.filter_metadata) == {told.INTERNAL}


def test_conditions() -> None:
    assert told.unmarked("a", "b") == (
        "!('a' in xds.route_metadata.filter_metadata) && !('b' in xds.route_metadata.filter_metadata)"
    )
