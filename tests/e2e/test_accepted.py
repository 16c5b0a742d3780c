"""Whatever the dialects accept, a real Envoy accepts."""

from __future__ import annotations

import copy
import os
import random
from pathlib import Path

import pytest

from tests.e2e.validating import refusal
from tests.golden.compiled import compiled, resources
from tests.golden.mutations import cases, document, mutated, mutations
from tulle.xds.snapshot import Resource

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SAMPLE = int(os.environ.get("MUTATIONS", "600"))
"""How many of the more than a hundred thousand are tried."""


def test_a_real_envoy_takes_all_that_is_compiled_of_golden_cases(tmp_path: Path) -> None:
    found: dict[tuple[str, str], Resource] = {}
    for documents in cases().values():
        made = tuple(document(copy.deepcopy(each), index) for index, each in enumerate(documents))
        found |= {(each.type_url, each.version): each for each in resources(compiled(made, tmp_path)[1])}
    assert refusal(list(found.values()), tmp_path) is None


def test_a_real_envoy_takes_what_is_compiled_of_extreme_documents(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    found: dict[tuple[str, str], Resource] = {}
    origins: dict[tuple[str, str], str] = {}
    for mutation in random.Random(seed).sample(mutations(), SAMPLE):
        for each in resources(compiled(mutated(mutation), tmp_path)[1]):
            key = (each.type_url, each.version)
            found.setdefault(key, each)
            origins.setdefault(key, str(mutation))
    refused = refusal(list(found.values()), tmp_path)
    if refused is not None:
        resource, message = refused
        pytest.fail(f"seed {seed}, {origins[resource.type_url, resource.version]}: {resource.name}: {message[-1000:]}")
