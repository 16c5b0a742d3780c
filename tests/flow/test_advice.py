from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.flow.advised import Desk, advised
from tulle.kit.located_yaml import pieces

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = sorted(path.relative_to(GOLDEN) for folder in ("advice", "wrong") for path in (GOLDEN / folder).glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_finding_names_its_line(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN / case.parent)
    assert advised([case.name]) == (GOLDEN / case).with_suffix(".findings").read_text().splitlines()


@pytest.mark.parametrize("kind", ["virtual-service", "http-route", "authorization-policy"])
def test_there_are_ten_ways_to_be_wrong(kind: str) -> None:
    cases = list((GOLDEN / "wrong").glob(f"{kind}-*.findings"))
    assert len(cases) >= 10
    assert all(case.read_text().strip() for case in cases)


@pytest.mark.parametrize("seed", range(4))
def test_advice_after_many_changes_is_that_of_somebody_who_sees_all_for_the_first_time(seed: int) -> None:
    chance = random.Random(seed)
    texts = [piece.text for path in sorted((GOLDEN / "advice").glob("*.yaml")) for piece in pieces(path.read_text())]
    desk = Desk()
    for number in chance.sample(range(len(texts)), 60):
        desk.put(f"{number:03}.yaml", texts[number])
    for step in range(40):
        number = chance.randrange(len(texts))
        found = desk.put(f"{number:03}.yaml", "" if chance.random() < 0.5 else texts[number])
        if step % 4 == 0:
            assert found == desk.afresh()


def test_other_settings_are_other_circumstances() -> None:
    desk = Desk()
    policy = "{metadata: {name: x, namespace: root}, spec: {selector: {matchLabels: {edge: a}}, rules: [{}]}"
    text = f"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n{policy[1:]}".replace(", spec", "\nspec")
    assert desk.put("a.yaml", text)
    assert not desk.put("b.yaml", "mesh: {root_namespace: root, gateway_labels: {edge: a}}")
    assert desk.put("b.yaml", "")
