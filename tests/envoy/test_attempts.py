from __future__ import annotations

import pytest

from tulle.envoy.attempts import Uncompilable, attempt, failure
from tulle.model.documents import BUILT_IN, Origin
from tulle.xds.snapshot import CLUSTER, framed

RULE, SERVICE = Origin("file", "a.yaml"), Origin("file", "b.yaml")


def test_what_can_be_compiled_is_what_it_is() -> None:
    made = framed(CLUSTER, "c", b"")
    assert attempt(CLUSTER, "c", (SERVICE,), lambda: made) is made


def test_what_cannot_says_why_and_where(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> None:
        raise ValueError("out of range")

    found = attempt(CLUSTER, "c", (SERVICE,), make)  # type: ignore[arg-type]
    assert (found.name, found.type_url, found.body) == ("c", CLUSTER, b"")
    assert (found.failure, found.origins) == ("ValueError('out of range')", (SERVICE,))
    assert "c cannot be compiled" in caplog.text


def test_a_part_that_fails_names_its_own_place_first() -> None:
    error = Uncompilable(RULE)
    error.__cause__ = KeyError("x")
    found = failure(CLUSTER, "c", (SERVICE, RULE), error)
    assert (found.failure, found.origins) == ("KeyError('x')", (RULE, SERVICE))


def test_a_part_without_a_place_adds_none() -> None:
    error = Uncompilable(BUILT_IN)
    error.__cause__ = KeyError("x")
    assert failure(CLUSTER, "c", (SERVICE,), error).origins == (SERVICE,)
