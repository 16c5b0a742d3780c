"""The same configuration and the same requests, for the real Traefik and for ours: answers must be the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.traefik import corpus
from tests.e2e.traefik.cases import cases_of, topics
from tests.e2e.traefik.verdicts import Verdict, verdicts

FOLDER = os.environ.get("TULLE_TRAEFIK_CORPUS", "")
"""Files of Traefik's own integration tests, which are not part of this project."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),  # A topic has up to twenty gateways, each of which starts and ends.
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion"),  # Old versions are what some cases are about.
]


@pytest.mark.parametrize("topic", topics())
def test_agreement(topic: str) -> None:
    check(verdicts(cases_of(topic)))


@pytest.mark.skipif(not FOLDER, reason="TULLE_TRAEFIK_CORPUS names no folder")
def test_files_that_others_wrote() -> None:
    check(corpus.verdicts(Path(FOLDER)))


def check(found: list[Verdict]) -> None:
    """All of them are right."""
    wrong = [
        f"{each.case.id}: {'; '.join(map(str, [*each.wrong, *each.different]))}" for each in found if not each.is_right
    ]
    assert not wrong, "\n".join(wrong)
