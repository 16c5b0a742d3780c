"""Since when the conditions of each object are as they are."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.kit.clock import Clock, SystemClock
from tulle.kit.tables import changed_keys, replaced
from tulle.model.statuses import ObjectKey, Place, Status

Times = Mapping[Place, str]
"""Of the last transition of each condition, in RFC 3339."""
NEVER: Times = {}


class Transitions:
    """Times at which conditions became true or false; another reason or message is no transition."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self.since: Mapping[ObjectKey, Times] = {}
        self._statuses: Mapping[ObjectKey, Status] = {}

    def update(self, statuses: Mapping[ObjectKey, Status]) -> None:
        """Take the statuses of now."""
        before, self._statuses = self._statuses, statuses
        changed = {key for key in changed_keys(before, statuses) if before.get(key) != statuses.get(key)}
        if changed:
            time = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            times = [(key, self._times(key, before.get(key), statuses.get(key), time)) for key in changed]
            self.since = replaced(self.since, times)

    def _times(self, key: ObjectKey, before: Status | None, now: Status | None, time: str) -> Times | None:
        if now is None:
            return None
        known, since = before.placed() if before is not None else {}, self.since.get(key, NEVER)
        return {
            place: since[place] if place in known and known[place].status is condition.status else time
            for place, condition in now.placed().items()
        }
