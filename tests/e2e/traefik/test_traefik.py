"""The same configuration and the same requests, for the real Traefik and for ours: answers must be the same."""

from __future__ import annotations

import pytest

from tests.e2e.traefik.cases import cases_of, topics
from tests.e2e.traefik.verdicts import OURS, verdicts


@pytest.mark.e2e
@pytest.mark.parametrize("topic", topics())
def test_agreement(topic: str) -> None:
    found = verdicts(cases_of(topic), topic in OURS)
    wrong = [f"{each.case.id}: {'; '.join([*each.wrong, *each.different])}" for each in found if not each.is_right]
    assert not wrong, "\n".join(wrong)
