from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tulle.model.names import Name
from tulle.model.workloads import Assignment, InstanceState
from tulle.runtime.replicas import Drain, Replica, Start, reconcile

READY, STARTING = InstanceState.READY, InstanceState.STARTING
WEB = Name("default", "web")


def wanted(make: Callable[..., Assignment], replicas: int, version: str = "new") -> Assignment:
    return make("web", version=version, replicas=replicas)


def replica(make: Callable[..., Assignment], id_: str, state: InstanceState = READY, version: str = "new") -> Replica:
    return Replica(id_, WEB, wanted(make, 1, version).fingerprint, state)


def test_missing_instances_are_started(assignment: Callable[..., Assignment]) -> None:
    assert reconcile([wanted(assignment, 3)], [replica(assignment, "a")]) == (Start(WEB), Start(WEB))


def test_nothing_to_do(assignment: Callable[..., Assignment]) -> None:
    assert reconcile([wanted(assignment, 1)], [replica(assignment, "a")]) == ()


def test_scaling_down_takes_the_unready_and_the_newest(assignment: Callable[..., Assignment]) -> None:
    replicas = [replica(assignment, "a"), replica(assignment, "b", STARTING), replica(assignment, "c")]
    assert reconcile([wanted(assignment, 1)], replicas) == (Drain("b"), Drain("c"))


def test_instances_of_a_removed_workload_are_drained_once(assignment: Callable[..., Assignment]) -> None:
    replicas = [replica(assignment, "a"), replica(assignment, "b", InstanceState.DRAINING)]
    assert reconcile([], replicas) == (Drain("a"),)


def test_replacement_surges_by_one(assignment: Callable[..., Assignment]) -> None:
    old = [replica(assignment, "a", version="old"), replica(assignment, "b", version="old")]
    assert reconcile([wanted(assignment, 2)], old) == (Start(WEB),)
    assert reconcile([wanted(assignment, 2)], [*old, replica(assignment, "c", STARTING)]) == ()
    assert reconcile([wanted(assignment, 2)], [*old, replica(assignment, "c")]) == (Drain("b"),)
    assert reconcile([wanted(assignment, 2)], [old[0], replica(assignment, "c")]) == (Start(WEB),)


def test_broken_version_is_replaced_before_the_one_that_serves(assignment: Callable[..., Assignment]) -> None:
    replicas = [
        replica(assignment, "a", version="old"),
        replica(assignment, "b", STARTING, version="broken"),
    ]
    assert reconcile([wanted(assignment, 1)], replicas) == (Drain("b"),)
    assert reconcile([wanted(assignment, 1)], replicas[:1]) == (Start(WEB),)


def test_going_back_to_the_version_that_serves_only_drains(assignment: Callable[..., Assignment]) -> None:
    replicas = [replica(assignment, "a"), replica(assignment, "b", STARTING, version="broken")]
    assert reconcile([wanted(assignment, 1)], replicas) == (Drain("b"),)


class Model:
    """A host whose instances do what chance says."""

    def __init__(self, make: Callable[..., Assignment]) -> None:
        self.make = make
        self.replicas: list[Replica] = []
        self.count = 0

    def step(self, assignment: Assignment) -> bool:
        """Take the steps that may be taken now; False if there is none."""
        steps = reconcile([assignment], self.replicas)
        for step in steps:
            if isinstance(step, Start):
                self.count += 1
                self.replicas.append(Replica(str(self.count), WEB, assignment.fingerprint, STARTING))
            else:
                self.become(step.id, InstanceState.DRAINING)
        return bool(steps)

    def become(self, id_: str, state: InstanceState) -> None:
        self.replicas = [replace(r, state=state) if r.id == id_ else r for r in self.replicas]

    @property
    def ready(self) -> int:
        return sum(r.is_ready for r in self.replicas)

    def settle(self, assignment: Assignment) -> int:
        """Everything works: instances become ready one at a time. Returns the fewest that were ready meanwhile."""
        fewest = self.ready
        for _ in range(200):
            moved = self.step(assignment)
            fewest = min(fewest, self.ready)
            self.replicas = [r for r in self.replicas if r.state is not InstanceState.DRAINING]
            waiting = [r for r in self.replicas if r.state is not READY]
            if waiting:
                self.become(waiting[0].id, READY)
            elif not moved:
                return fewest
        raise AssertionError("it does not converge")


changes = st.tuples(st.sampled_from(["red", "green", "blue"]), st.integers(0, 6))
states = st.sampled_from([READY, STARTING, InstanceState.UNHEALTHY, InstanceState.BACKING_OFF])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(changes, st.lists(st.tuples(st.integers(0, 20), states), max_size=6)), min_size=1, max_size=6)
)
def test_whatever_happened_it_converges(
    assignment: Callable[..., Assignment],
    history: list[tuple[tuple[str, int], list[tuple[int, InstanceState]]]],
) -> None:
    model = Model(assignment)
    for (version, count), events in history:
        latest = wanted(assignment, count, version)
        for number, state in events:
            model.step(latest)
            living = [r for r in model.replicas if r.state is not InstanceState.DRAINING]
            if living:
                model.become(living[number % len(living)].id, state)
    model.settle(latest)
    assert [r.fingerprint for r in model.replicas] == [latest.fingerprint] * count


@given(st.integers(0, 6), st.integers(0, 6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_replacement_never_lowers_what_serves_below_what_was_and_is_desired(
    assignment: Callable[..., Assignment], before: int, after: int
) -> None:
    model = Model(assignment)
    model.settle(wanted(assignment, before, "old"))
    assert model.settle(wanted(assignment, after, "new")) >= min(before, after)


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 20), states), max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_version_that_never_becomes_ready_takes_nothing_away(
    assignment: Callable[..., Assignment], count: int, events: list[tuple[int, InstanceState]]
) -> None:
    model = Model(assignment)
    model.settle(wanted(assignment, count, "old"))
    for number, state in events:
        model.step(wanted(assignment, count, "broken"))
        fresh = [r for r in model.replicas if r.fingerprint == wanted(assignment, 1, "broken").fingerprint]
        if fresh and state is not READY:
            model.become(fresh[number % len(fresh)].id, state)
        assert model.ready == count and len(model.replicas) == count + 1
