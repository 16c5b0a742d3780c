"""Documents that are exported to some namespaces only, seen in live traffic."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.scenario import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MISTAKES = (
    'VirtualService public: VirtualService closed (FILE) is not exported to namespace "a", so it is not used',
    'VirtualService private: gateway "edge.edge" does not use it: it is not exported to namespace edge',
)


def test_each_namespace_uses_what_is_exported_to_it(machine: Machine) -> None:
    play(machine, Path(__file__).parent / "scenarios" / "exports.yaml")
    found = [each["message"] for each in machine.status()["findings"]]
    assert len(found) == len(MISTAKES)
    for message, expected in zip(found, MISTAKES, strict=True):
        first, _, rest = expected.partition("FILE")
        assert message.startswith(first) and message.endswith(rest)
