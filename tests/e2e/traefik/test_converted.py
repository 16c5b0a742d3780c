"""Configuration of Traefik that became a native file does what it did before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tests.e2e.traefik.cases import cases_of
from tests.e2e.traefik.gateways import Tulle
from tests.e2e.traefik.ports import unused_port
from tests.e2e.traefik.verdicts import broken, results

CASES = (
    "matchers/host-",
    "paths/strip-prefix-",
    "routers/chain",
    "routers/everything-in-one-file",
    "routers/names",
    "routers/parents",
    "routers/templates",
)
"""Beginnings of their names."""
pytestmark = pytest.mark.e2e


class Converted(Tulle):
    """Runs the native file."""

    @contextmanager
    def running(self, file: Path) -> Iterator[None]:
        native = file.parent / "native" / "tulle.yaml"
        native.parent.mkdir(exist_ok=True)
        machine = Machine(native.parent, gateway=unused_port(), api=unused_port(), xds=unused_port())
        machine.tulle("convert", "--from", "traefik", str(file), "-o", str(native), check=False)
        with super().running(native):
            yield


def test_what_was_converted_does_the_same() -> None:
    cases = [case for each in CASES for case in cases_of(*each.split("/"))]
    found = results(Converted(), cases)
    assert len(found) > 12
    assert [f"{name}: {each}" for name, result in found.items() for each in broken(result, is_ours=True)] == []
