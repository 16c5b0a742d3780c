"""What is told of the requests of each entry point. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tulle.kit.memo import remember
from tulle.model.names import Name
from tulle.model.observing import Observed, Observing, RequestLog, RequestMetrics, RequestTraces
from tulle.model.routers import EntryPoint


def points(known: Iterable[EntryPoint], observing: Mapping[Name, Observing]) -> Iterator[EntryPoint]:
    """The entry points, each with what is told of its requests."""
    everything = tuple(observing[name].what for name in sorted(observing))
    for point in known:
        yield _told(point, everything) if everything and not point.is_udp else point


@remember(size=2)
def _told(point: EntryPoint, everything: tuple[RequestLog | RequestMetrics | RequestTraces, ...]) -> EntryPoint:
    told = point.told
    found = Observed(
        place=point.name.name,
        log=next((each for each in everything if isinstance(each, RequestLog) and told.is_logged), None),
        metrics=next((each for each in everything if isinstance(each, RequestMetrics) and told.is_counted), None),
        traces=next((each for each in everything if isinstance(each, RequestTraces) and told.is_traced), None),
    )
    return replace(point, entrance=replace(point.entrance, observed=found))
