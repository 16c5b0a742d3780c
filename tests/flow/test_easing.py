from __future__ import annotations

from dataclasses import replace

import pytest

from tests.envoy.policies import deny, guard
from tulle.flow.easing import Easing
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import PeerMode

WEB = Name("default", "web")
STRICT, PLAIN, BOTH = PeerMode.STRICT, PeerMode.DISABLE, PeerMode.PERMISSIVE


class World:
    """One workload, what is written about it, and what everybody has taken."""

    def __init__(self, first: Guard) -> None:
        self.easing = Easing()
        self.written: dict[Name, Guard] = {}
        self.taken: dict[Name, Guard] = {}
        self.write(first)

    def write(self, guard: Guard | None) -> Guard | None:
        self.written = {WEB: guard} if guard is not None else {}
        self.easing.update(self.written, frozenset({WEB}), self.taken)
        return self.now

    def go_on(self) -> Guard | None:
        """Everybody takes what is there."""
        self.taken = dict(self.easing.guards)
        if self.easing.can_go_on(self.taken):
            self.easing.update(self.written, frozenset(), self.taken)
        return self.now

    @property
    def now(self) -> Guard | None:
        return self.easing.guards.get(WEB)


def modes(of: Guard | None, number: int = 8000) -> tuple[PeerMode, PeerMode]:
    """How a port is called, and how it may be called."""
    assert of is not None
    return of.mode(number), of.takes(number)


@pytest.mark.parametrize(("before", "after"), [(STRICT, PLAIN), (PLAIN, STRICT), (BOTH, PLAIN), (PLAIN, BOTH)])
def test_a_port_takes_both_until_callers_have_changed(before: PeerMode, after: PeerMode) -> None:
    world, then = World(guard(peer_mode=before)), guard(deny(), peer_mode=after)
    first = world.write(then)
    assert modes(first) == (before, BOTH)
    assert first is not None
    assert first.access == then.access
    assert world.easing.is_pending
    assert modes(world.go_on()) == (after, BOTH)
    assert world.go_on() is then
    assert not world.easing.is_pending
    assert world.go_on() is then


@pytest.mark.parametrize(("before", "after"), [(STRICT, BOTH), (BOTH, STRICT), (PLAIN, PLAIN)])
def test_who_is_called_as_before_needs_no_time(before: PeerMode, after: PeerMode) -> None:
    world, then = World(guard(peer_mode=before)), guard(peer_mode=after)
    assert world.write(then) is then
    assert world.easing.changed == {WEB}


def test_nobody_goes_on_before_everybody_has_taken_what_there_is() -> None:
    world = World(guard())
    first = world.write(guard(peer_mode=PLAIN))
    world.taken = {WEB: guard()}
    assert not world.easing.can_go_on(world.taken)
    world.easing.update(world.written, frozenset(), world.taken)
    assert world.now is first
    assert world.easing.changed == frozenset()


def test_another_change_on_the_way_begins_from_where_callers_are() -> None:
    world = World(guard())
    world.write(guard(peer_mode=PLAIN))
    back = guard(deny())
    assert modes(world.write(back)) == (STRICT, BOTH)
    assert world.go_on() is back
    world.write(guard(peer_mode=PLAIN))
    world.go_on()
    assert modes(world.write(back)) == (PLAIN, BOTH)
    assert modes(world.go_on()) == (STRICT, BOTH)
    assert world.go_on() is back


def test_only_ports_that_change_take_both() -> None:
    world = World(guard())
    first = world.write(guard(port_modes=((9000, PLAIN),)))
    assert first is not None
    assert first.eased == ()
    other = replace(guard(), ports=(*guard().ports, replace(guard().ports[0], name="q", number=9000)))
    world = World(other)
    first = world.write(replace(other, port_modes=((9000, PLAIN),)))
    assert (modes(first), modes(first, 9000)) == ((STRICT, STRICT), (STRICT, BOTH))


def test_workloads_that_come_or_go_have_no_callers_to_wait_for() -> None:
    world = World(guard(peer_mode=PLAIN))
    assert world.now is world.written[WEB]
    world.write(guard())
    assert world.write(None) is None
    assert not world.easing.is_pending
