"""Policies at one of several gateways, seen in live traffic."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.scenario import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_each_gateway_enforces_what_is_said_about_it(machine: Machine) -> None:
    play(machine, Path(__file__).parent / "scenarios" / "gateway_policies.yaml")
    (finding,) = machine.status()["findings"]
    assert "PeerAuthentication peers: it selects nothing" in finding["message"]
