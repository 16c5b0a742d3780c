"""Which instances to start and which to drain next. Pure: what is and what should be in, steps out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tulle.model.names import Name
from tulle.model.workloads import Assignment, InstanceState

SURGE = 1
"""Instances above the desired number while old ones are being replaced."""


@dataclass(frozen=True, slots=True)
class Replica:
    """An instance, as far as it matters here."""

    id: str
    workload: Name
    fingerprint: tuple[object, ...]
    """That of the assignment it was started for."""
    state: InstanceState

    @property
    def is_ready(self) -> bool:
        """Whether it serves."""
        return self.state is InstanceState.READY


@dataclass(frozen=True, slots=True)
class Start:
    """Start one more instance of a workload."""

    workload: Name


@dataclass(frozen=True, slots=True)
class Drain:
    """Take an instance out and end it."""

    id: str


Step = Start | Drain


def reconcile(assignments: Iterable[Assignment], replicas: Iterable[Replica]) -> tuple[Step, ...]:
    """The steps that may be taken now; ask again after every change. `replicas` come oldest first.

    A workload whose fingerprint changed is replaced one by one: start one more, wait until it is ready, drain an old
    one. So a new version that never becomes ready costs nothing but its message.
    """
    wanted = {assignment.name: assignment for assignment in assignments}
    running: dict[Name, list[Replica]] = {name: [] for name in wanted}
    for replica in replicas:
        if replica.state is not InstanceState.DRAINING:
            running.setdefault(replica.workload, []).append(replica)
    steps: list[Step] = []
    for name, group in running.items():
        steps += _for_workload(wanted[name], group) if name in wanted else [Drain(replica.id) for replica in group]
    return tuple(steps)


def _for_workload(assignment: Assignment, running: Sequence[Replica]) -> list[Step]:
    current = [replica for replica in running if replica.fingerprint == assignment.fingerprint]
    old = [replica for replica in running if replica.fingerprint != assignment.fingerprint]
    desired = assignment.replicas
    # An old instance may go for each ready new one; those that serve nobody go first.
    ready = sum(replica.is_ready for replica in current)
    superfluous = [
        *_least_useful(old)[: max(0, ready + len(old) - desired)],
        *_least_useful(current)[: max(0, len(current) - desired)],
    ]
    room = desired + (SURGE if old else 0) - len(running)
    missing = min(desired - len(current), room)
    return [
        *(Start(assignment.name) for _ in range(missing)),
        *(Drain(replica.id) for replica in superfluous),
    ]


def _least_useful(replicas: Sequence[Replica]) -> list[Replica]:
    """Those that are not ready first, then the newest."""
    return sorted(reversed(replicas), key=lambda replica: replica.is_ready)
