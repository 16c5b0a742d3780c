"""Changes of headers, of a route or of the share of one backend."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from tulle.envoy import protos
from tulle.model.routes import HeaderChanges

Changed: TypeAlias = route_components_pb2.Route | route_components_pb2.WeightedCluster.ClusterWeight
HOST = {"host", ":authority"}
NO_CHANGES = HeaderChanges()


def change(request: HeaderChanges | None, response: HeaderChanges | None, message: Changed) -> None:
    """Let a route (or a share of one) change headers of requests and responses."""
    if request is not None:
        message.request_headers_to_add.extend(_additions(request))
        message.request_headers_to_remove.extend(_removals(request))
    if response is not None:
        message.response_headers_to_add.extend(_additions(response))
        message.response_headers_to_remove.extend(_removals(response))


def host(changes: HeaderChanges | None) -> str:
    """The host that the changes set, if any: Envoy has a field of its own for it."""
    return next((value for name, value in (changes or NO_CHANGES).set if name.lower() in HOST), "")


def merged(first: HeaderChanges | None, then: HeaderChanges | None) -> HeaderChanges | None:
    """One change that does what these two do one after the other."""
    if first is None or then is None:
        return first or then
    forgotten = {name.lower() for name in (*(name for name, _ in then.set), *then.remove)}
    removed = {name.lower() for name in first.remove} - forgotten
    replaced, added = _of_others(first.set, forgotten | removed), _of_others(first.add, forgotten | removed)
    for name, value in then.add:
        # The first that is added to what was removed takes its place.
        target = replaced if name.lower() in removed else added
        target.append((name, value))
        removed.discard(name.lower())
    return HeaderChanges(
        set=(*replaced, *then.set),
        add=tuple(added),
        remove=(*(name for name in first.remove if name.lower() in removed), *then.remove),
    )


def _of_others(pairs: tuple[tuple[str, str], ...], names: set[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in pairs if name.lower() not in names]


def _additions(changes: HeaderChanges) -> list[base_pb2.HeaderValueOption]:
    """Headers to set and to add, but for those that are removed after it: Envoy removes first.

    Envoy refuses a whole configuration that touches `Host` or pseudo-headers here.
    """
    gone = {name.lower() for name in changes.remove}
    replaced = [(name, value, False) for name, value in changes.set]
    added = [(name, value, True) for name, value in changes.add]
    return [
        protos.header(name, protos.printable(value), appends=appends)
        for name, value, appends in (*replaced, *added)
        if _is_plain(name) and name.lower() not in gone
    ]


def _removals(changes: HeaderChanges) -> list[str]:
    return [name for name in changes.remove if _is_plain(name)]


def _is_plain(name: str) -> bool:
    return not name.startswith(":") and name.lower() not in HOST
