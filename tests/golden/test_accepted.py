"""Whatever the dialects accept compiles, and keeps to the constraints of Envoy; end-to-end tests ask a real one."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.envoy.constraints import violations
from tests.golden.compiled import compiled, resources
from tests.golden.mutations import Mutation, cases, document, mutated, mutations


@pytest.mark.parametrize("case", cases())
def test_every_golden_case_compiles(case: str, tmp_path: Path) -> None:
    documents = tuple(document(copy.deepcopy(each), index) for index, each in enumerate(cases()[case]))
    _, snapshots = compiled(documents, tmp_path)
    assert [each for resource in resources(snapshots) for each in violations(resource)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.deferred(lambda: st.sampled_from(mutations())))
def test_every_golden_case_with_something_extreme_compiles(tmp_path: Path, mutation: Mutation) -> None:
    _, snapshots = compiled(mutated(mutation), tmp_path)
    assert [each for resource in resources(snapshots) for each in violations(resource)] == []
