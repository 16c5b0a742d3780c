"""What is told of the requests of entry points: lines of a log, numbers, traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name

STDOUT = "/dev/stdout"


class LogForm(StrEnum):
    """How a line looks."""

    COMMON = "common"
    """The common log format, with router, server and duration behind it."""
    GENERIC = "generic"
    """The combined log format of web servers, and nothing more."""
    JSON = "json"


class Telling(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    DROP = "drop"
    REDACT = "redact"
    """Only that it was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFields:
    """Which of the values that are known of a request are told."""

    default: Telling = Telling.KEEP
    names: tuple[tuple[str, Telling], ...] = ()
    headers: tuple[tuple[str, Telling], ...] = ()
    """Only those that are named."""
    has_query: bool = True
    """Whether paths have their query."""

    def tells(self, name: str) -> bool:
        """Whether a value is told."""
        return dict(self.names).get(name, self.default) is not Telling.DROP


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLog:
    """A line for each request that meets any of the conditions; for each if there is none."""

    file: str = STDOUT
    form: LogForm = LogForm.COMMON
    statuses: tuple[tuple[int, int], ...] = ()
    is_repeated: bool = False
    """Those that were sent more than once."""
    longer_than: float = 0.0
    """Those that took so many seconds."""
    has_internal: bool = False
    """Whether requests that the gateway itself answers are logged."""
    fields: LogFields = LogFields()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetrics:
    """Counts of requests, and how long they took."""

    by_entry_point: bool = True
    by_router: bool = False
    by_service: bool = True
    has_internal: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    """Labels, and the headers whose values they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTraces:
    """Traces, sent to a collector of OpenTelemetry."""

    collector: Name
    """The service that takes them."""
    path: str = ""
    """Where it takes them by HTTP; empty: by gRPC."""
    authority: str = ""
    service_name: str = ""
    share: float = 1.0
    """Of requests that are traced, if nobody said so before."""
    attributes: tuple[tuple[str, str], ...] = ()
    request_headers: tuple[str, ...] = ()
    response_headers: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of the requests of one route, if anything is told at its entry point."""

    is_logged: bool = True
    is_counted: bool = True
    is_traced: bool = True
    is_internal: bool = False
    """Whether the gateway itself answers: for the API and the like."""


TOLD = Told()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is told of the requests of one entry point."""

    place: str = ""
    """What the entry point is called."""
    log: RequestLog | None = None
    metrics: RequestMetrics | None = None
    traces: RequestTraces | None = None


UNOBSERVED = Observed()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Observing:
    """One of the three, for all entry points."""

    name: Name
    origin: Origin = field(default=BUILT_IN)
    what: RequestLog | RequestMetrics | RequestTraces
