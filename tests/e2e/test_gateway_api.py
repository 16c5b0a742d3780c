"""Gateway API: what a set of documents with all kinds of routes says, seen in live traffic of every protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.scenario import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MISTAKES = (
    "Service nobody selects nothing that runs: no workload has the labels app=nobody",
    "HTTPRoute a-newer: host age.test and path /same are already taken by HTTPRoute z-older",
    'HTTPRoute hosts: host nothing.else.test is not served by gateway "edge", which is for *.wild.test',
    'HTTPRoute unwelcome: no listener of gateway "edge.default" that it names takes HTTPRoutes of namespace stranger',
    'HTTPRoute backends: service "ghost" does not exist',
    'HTTPRoute backends: service "ghost" does not exist',
    'HTTPRoute backends: service "one" has no port 99; it has 80',
    "HTTPRoute backends: there is no backend of kind Bucket in storage.test here",
    'GRPCRoute calls: service "ghost" does not exist',
)
"""All that is wrong with the documents, on purpose, once a grant has been given."""


def test_routes_do_what_their_documents_say(machine: Machine) -> None:
    play(machine, Path(__file__).parent / "scenarios" / "gateway_api.yaml")
    found = [each["message"] for each in machine.status()["findings"]]
    assert [each.partition(" (/")[0] for each in found] == list(MISTAKES)
