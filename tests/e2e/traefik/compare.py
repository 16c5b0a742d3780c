"""`python -m tests.e2e.traefik.compare TOPIC[/NAME] [--real | --ours] [-v]`: cases on both gateways, and what differs.

NAME is the beginning of a name. `--real` and `--ours` run one gateway only, against the expectations; `-v` shows all
answers, and `--keep` leaves the configuration that was made where it is told.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape

from tests.e2e.traefik import merging
from tests.e2e.traefik.cases import Case, cases_of, topics
from tests.e2e.traefik.gateways import RealTraefik, Tulle
from tests.e2e.traefik.judging import told
from tests.e2e.traefik.replies import Reply
from tests.e2e.traefik.running import Result
from tests.e2e.traefik.verdicts import Verdict, broken, results, verdict

OUT = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """How many cases are not as they should be."""
    options = arguments()
    wanted = [each for word in options.cases or topics() for each in found(word)]
    real = {} if options.ours else results(RealTraefik(), wanted)
    ours = {} if options.real else results(Tulle(), wanted)
    bad = 0
    for case in wanted:
        judged = judge(case, real.get(case.id), ours.get(case.id))
        bad += not judged.is_right
        show(judged, options.verbose)
    OUT.print(f"{len(wanted) - bad} of {len(wanted)} as they should be")
    return min(bad, 100)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="TOPIC[/NAME]")
    parser.add_argument("--real", action="store_true", help="only the real Traefik")
    parser.add_argument("--ours", action="store_true", help="only ours")
    parser.add_argument("-v", "--verbose", action="store_true", help="all configuration, all answers, all logs")
    return parser.parse_args()


def found(word: str) -> list[Case]:
    """Cases of TOPIC or TOPIC/NAME."""
    topic, _, name = word.partition("/")
    cases = cases_of(topic, name)
    if not cases:
        sys.exit(f"no case {word}")
    return cases


def judge(case: Case, real: Result | None, ours: Result | None) -> Verdict:
    if real is not None:
        return verdict(case, real, ours)
    assert ours is not None
    return Verdict(case, ours, ours, different=broken(ours, is_ours=True))


def show(judged: Verdict, verbose: bool) -> None:
    """A line for what is right, everything that helps for what is not."""
    case = judged.case
    if judged.is_right and not verbose:
        OUT.print(f"[green]✓[/] {case.id}{f' [dim](differs: {escape(case.differs)})[/]' if case.differs else ''}")
        return
    OUT.print(f"[{'green]✓' if judged.is_right else 'red]✗'}[/] [bold]{case.id}[/]")
    for each in judged.wrong:
        OUT.print(f"    [yellow]Traefik:[/] {escape(each)}")
    for each in judged.different:
        OUT.print(f"    [red]ours:[/] {escape(each)}")
    config = case.config if isinstance(case.config, str) else yaml.safe_dump(merging.complete(case), sort_keys=False)
    OUT.print(f"[dim]{escape(indented(config))}[/]")
    for name, result in (("Traefik", judged.real), ("ours", judged.ours)):
        if result is not None and not (judged.real is judged.ours and name == "Traefik"):
            show_result(name, result, verbose or bool(judged.different or judged.wrong))


def show_result(name: str, result: Result, with_log: bool) -> None:
    for outcome in result.outcomes:
        if outcome.step.kind in ("set", "wait"):
            continue
        OUT.print(f"    [bold]{name}[/] {escape(str(outcome.step))}")
        for reply in outcome.replies[:6]:
            OUT.print(escape(indented(shown(reply), 8)))
        if len(outcome.replies) > 6:
            OUT.print(f"        … {len(outcome.replies)} answers")
    if with_log and result.said:
        OUT.print(f"    [bold]{name}[/] said\n[dim]{escape(indented(result.said[-3000:], 8))}[/]")


def shown(reply: Reply) -> str:
    """An answer, for people: the server's view of the request below the headers."""
    lines = [f"{reply.status} {reply.note} {reply.certificate}".strip()]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    said: dict[str, Any] = told(reply)
    if said:
        lines.append(f"→ {said['by']} saw {said['method']} {said['path']} {said['body'][:200]!r}")
        lines += [f"  {name}: {value}" for name, value in said["headers"].items()]
        lines += [f"  tls {json.dumps(said['tls'])}"] if "tls" in said else []
    elif reply.body:
        lines.append(repr(reply.text[:300]))
    return "\n".join(lines)


def indented(text: str, spaces: int = 4) -> str:
    return "\n".join(" " * spaces + line for line in text.rstrip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
