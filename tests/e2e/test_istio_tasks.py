"""Istio's usual tasks: TLS passed on, near endpoints first, rate limits by patches, egress gateways, hosts outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.scenario import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_tasks_do_what_they_promise(machine: Machine) -> None:
    play(machine, Path(__file__).parent / "scenarios" / "istio_tasks.yaml")
    assert not machine.status()["findings"]
