from __future__ import annotations

import pytest

from tulle.agent.consultant.breaking import Circuit, Circuits
from tulle.agent.consultant.seen import Refused
from tulle.kit.clock import ManualClock
from tulle.model.breaking import Malformed
from tulle.model.consulting import Breaker

QUESTION = Breaker(id="web", expression="NetworkErrorRatio() > 0.5", fallback=2.0, recovery=4.0)


def broken(clock: ManualClock) -> Circuit:
    circuit = Circuit(QUESTION, clock)
    circuit.record(502, 0.01)
    return circuit


def test_a_service_that_does_well_is_asked() -> None:
    clock = ManualClock()
    circuit = Circuit(QUESTION, clock)
    for _ in range(10):
        assert circuit.passes()
        circuit.record(200, 0.01)
        clock.advance(0.2)
    assert circuit.passes()


def test_one_that_does_badly_is_left_alone_then_asked_more_and_more() -> None:
    clock = ManualClock()
    circuit = broken(clock)
    assert not circuit.passes()
    clock.advance(1.9)
    assert not circuit.passes()
    clock.advance(0.2)
    # The ramp begins with the first who asks.
    assert not circuit.passes()
    passed = []
    for _ in range(39):
        clock.advance(0.1)
        passed.append(circuit.passes())
        if passed[-1]:
            circuit.record(200, 0.01)
    assert 0 < sum(passed[:20]) < sum(passed[20:])
    assert sum(passed) / len(passed) == pytest.approx(0.5, abs=0.06)
    clock.advance(0.2)
    assert circuit.passes()
    assert all(circuit.passes() for _ in range(10))


def test_one_that_still_does_badly_is_left_alone_again() -> None:
    clock = ManualClock()
    circuit = broken(clock)
    # Those that were on their way change nothing.
    clock.advance(0.2)
    circuit.record(502, 0.01)
    clock.advance(2)
    circuit.passes()
    clock.advance(3)
    assert any(circuit.passes() for _ in range(4))
    circuit.record(502, 0.01)
    clock.advance(1.9)
    assert not circuit.passes()


def test_it_is_judged_from_time_to_time() -> None:
    clock = ManualClock()
    circuit = Circuit(QUESTION, clock)
    circuit.record(200, 0.01)
    for _ in range(3):
        circuit.record(502, 0.01)
    assert circuit.passes()
    clock.advance(0.11)
    circuit.record(502, 0.01)
    assert not circuit.passes()


@pytest.mark.parametrize(("status", "body"), [(503, "Service Unavailable"), (418, "I'm a teapot"), (499, "")])
def test_the_answer(status: int, body: str) -> None:
    circuit = Circuit(Breaker(id="web", expression=QUESTION.expression, status=status), ManualClock())
    assert circuit.refusal == Refused(status=status, body=body)


def test_who_asks_differently_begins_anew() -> None:
    circuits = Circuits(ManualClock())
    first = circuits.of(QUESTION)
    assert circuits.of(QUESTION) is first
    assert circuits.of(Breaker(id="web", expression="NetworkErrorRatio() > 0.6")) is not first
    with pytest.raises(Malformed):
        circuits.of(Breaker(id="web", expression="?"))
