"""Since when the status of each object is as it is."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.kit.clock import Clock, SystemClock
from tulle.kit.tables import changed_keys, replaced
from tulle.model.statuses import ObjectKey, Status


class Transitions:
    """Times of the last change, in RFC 3339: one for all conditions of an object."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.since: Mapping[ObjectKey, str] = {}
        self._statuses: Mapping[ObjectKey, Status] = {}

    def update(self, statuses: Mapping[ObjectKey, Status]) -> None:
        """Take the statuses of now."""
        before, self._statuses = self._statuses, statuses
        changed = {key for key in changed_keys(before, statuses) if before.get(key) != statuses.get(key)}
        if changed:
            time = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            self.since = replaced(self.since, [(key, time if key in statuses else None) for key in changed])
