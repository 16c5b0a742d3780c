"""Workloads that change between mutual TLS and plain text, without a call that fails. Pure.

Callers learn of a change when they can, not when the workload does. So there are three steps, each when everybody has
taken the one before: ports that change take both; callers change; the ports insist on what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tulle.kit.tables import replaced
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import PeerMode


class Easing:
    """Guards as they are to be enforced now, kept up to date."""

    def __init__(self) -> None:
        self.guards: dict[Name, Guard] = {}
        self.changed: frozenset[Name] = frozenset()
        """The workloads whose guard is another one since the last time."""
        self._wanted: dict[Name, Guard] = {}
        """What was written for those that are on their way there."""

    @property
    def is_pending(self) -> bool:
        """Whether a workload is on its way."""
        return bool(self._wanted)

    def can_go_on(self, taken: Mapping[Name, Guard]) -> bool:
        """Whether a workload can make its next step, now that everybody has taken these guards."""
        return any(taken.get(name) is self.guards[name] for name in self._wanted)

    def update(self, written: Mapping[Name, Guard], moved: frozenset[Name], taken: Mapping[Name, Guard]) -> None:
        """Take in the guards that were written, of which `moved` differ, and those that everybody has taken."""
        names = moved | self._wanted.keys()
        guards = [(name, self._next(name, written.get(name), taken.get(name))) for name in names]
        before, self.guards = self.guards, replaced(self.guards, guards)
        self.changed = frozenset(name for name in names if before.get(name) is not self.guards.get(name))

    def _next(self, name: Name, written: Guard | None, taken: Guard | None) -> Guard | None:
        now, before = self.guards.get(name), self._wanted.pop(name, None)
        if now is None or written is None:
            return written
        ports = _differing(now, written)
        if before is None:
            if not ports:
                return written
        elif now is taken:
            if not ports:
                return written
            now = written
        elif before is written:
            self._wanted[name] = written
            return now
        self._wanted[name] = written
        eased = tuple(sorted({*ports, *self.guards[name].eased}))
        return replace(written, peer_mode=now.peer_mode, port_modes=now.port_modes, eased=eased)


def _differing(now: Guard, then: Guard) -> tuple[int, ...]:
    """Ports that are called in plain text before or after, and otherwise by mutual TLS."""
    numbers = {port.number for port in (*now.ports, *then.ports)}
    return tuple(each for each in numbers if _is_plain(now, each) is not _is_plain(then, each))


def _is_plain(guard: Guard, number: int) -> bool:
    return guard.mode(number) is PeerMode.DISABLE
