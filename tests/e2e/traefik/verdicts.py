"""What becomes of each case: it agrees, it is knowingly different, or something is wrong, and what."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.traefik.cases import QUIET, Case
from tests.e2e.traefik.gateways import Gateway, RealTraefik, Tulle
from tests.e2e.traefik.judging import differences, mistakes
from tests.e2e.traefik.running import Result, prepared


@dataclass(frozen=True)
class Remark:
    """Something about a step."""

    index: int
    step: str
    text: str

    def __str__(self) -> str:
        return f"{self.step}: {self.text}"


@dataclass
class Verdict:
    """About one case."""

    case: Case
    real: Result
    ours: Result | None = None
    wrong: list[Remark] = field(default_factory=list)
    """What the real one does, and was not expected."""
    different: list[Remark] = field(default_factory=list)
    """What ours does differently, or not as expected."""

    @property
    def is_right(self) -> bool:
        return not self.wrong and not self.different


def results(gateway: Gateway, cases: Sequence[Case], keep: Path | None = None) -> dict[str, Result]:
    """Of all cases, on one gateway; what was written for it is thrown away, or kept in a folder."""
    with ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cases-")))
        else:
            folder = keep.absolute() / gateway.name
            folder.mkdir(parents=True, exist_ok=True)
        run = stack.enter_context(prepared(gateway, folder))
        return {result.case.id: result for result in run.all(cases)}


def verdicts(cases: Sequence[Case], with_ours: bool = True) -> list[Verdict]:
    """On the real one, and on ours if it takes part."""
    real = results(RealTraefik(), cases)
    ours = results(Tulle(), cases) if with_ours else {}
    return [verdict(case, real[case.id], ours.get(case.id)) for case in cases]


def verdict(case: Case, real: Result, ours: Result | None) -> Verdict:
    """About one case."""
    found = Verdict(case, real, ours)
    found.wrong += broken(real, is_ours=False)
    if ours is None:
        return found
    found.different += broken(ours, is_ours=True)
    for index, (one, other) in enumerate(zip(real.outcomes, ours.outcomes, strict=False)):
        for each in differences(case, one, other, (real.words, ours.words)):
            found.different.append(Remark(index, str(one.step), each))
    return found


def broken(result: Result, is_ours: bool) -> list[Remark]:
    """Expectations that were not met."""
    found = [Remark(-1, "all", result.error)] if result.error else []
    for index, outcome in enumerate(result.outcomes):
        if outcome.step.kind in QUIET:
            continue
        step = outcome.step
        expect = result.words.fill(step.ours if is_ours and step.ours is not None else step.expect)
        found += [Remark(index, str(step), each) for each in mistakes(expect, outcome, result.words)]
    return found
