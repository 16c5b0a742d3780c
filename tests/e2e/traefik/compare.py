"""`python -m tests.e2e.traefik.compare TOPIC[/NAME]…`: cases on both gateways, and what differs.

NAME is the beginning of a name. `--real` and `--ours` run one gateway only, against the expectations; `-v` shows all
answers, and `--keep` leaves the configuration that was made, homes and logs where it is told.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
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

MANY = 8
"""Remarks about one step that are shown."""
SAID = 3000
OUT = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """How many cases are not as they should be."""
    options = arguments()
    wanted = [each for word in options.cases or topics() for each in found(word)]
    real = {} if options.ours else results(RealTraefik(), wanted, options.keep)
    ours = {} if options.real else results(Tulle(), wanted, options.keep)
    bad, before = 0, ""
    for case in wanted:
        judged = judge(case, real.get(case.id), ours.get(case.id))
        bad += not judged.is_right
        error = "".join(result.error for _, result in gateways(judged))
        if error and error == before:
            OUT.print(f"[red]✗[/] {case.id}: the same")  # As none of those that share a gateway could start.
        else:
            show(judged, options.verbose)
        before = error
    OUT.print(f"{len(wanted) - bad} of {len(wanted)} as they should be")
    return min(bad, 100)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="TOPIC[/NAME]")
    parser.add_argument("--real", action="store_true", help="only the real Traefik")
    parser.add_argument("--ours", action="store_true", help="only ours")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where files of configuration and logs stay")
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
    """A line for what is right; for what is not, each step that is wrong beside its answers, and what made it so."""
    case = judged.case
    if judged.is_right and not verbose:
        OUT.print(f"[green]✓[/] {case.id}{f' [dim](differs: {escape(case.differs)})[/]' if case.differs else ''}")
        return
    OUT.print(f"[{'green]✓' if judged.is_right else 'red]✗'}[/] [bold]{case.id}[/]")
    config = case.config if isinstance(case.config, str) else yaml.safe_dump(merging.complete(case), sort_keys=False)
    OUT.print(f"[dim]{escape(indented(config))}[/]")
    indexes = sorted({each.index for each in (*judged.wrong, *judged.different)})
    for index in range(-1, len(case.steps)) if verbose else indexes:
        show_step(judged, index)
    for name, result in gateways(judged):
        if result.said:
            OUT.print(f"    [bold]{name}[/] said\n[dim]{escape(indented(result.said[-SAID:], 8))}[/]")


def show_step(judged: Verdict, index: int) -> None:
    """What is wrong, and what was answered."""
    if index >= 0:
        OUT.print(f"    [bold]{escape(str(judged.case.steps[index]))}[/]")
    for name, remarks in (("[yellow]Traefik[/]", judged.wrong), ("[red]ours[/]", judged.different)):
        texts = [each.text for each in remarks if each.index == index]
        for text in texts[:MANY]:
            OUT.print(f"      {name}: {escape(text)}")
        if len(texts) > MANY:
            OUT.print(f"      {name}: … {len(texts) - MANY} more")
    for name, result in gateways(judged):
        if 0 <= index < len(result.outcomes):
            for reply in result.outcomes[index].replies[:2]:
                OUT.print(f"      [bold]{name}[/] {escape(indented(shown(reply), 8).lstrip())}")


def gateways(judged: Verdict) -> list[tuple[str, Result]]:
    """Those that ran."""
    both = [("Traefik", judged.real), ("ours", judged.ours)]
    return [(name, each) for name, each in both if each is not None and (name == "ours" or each is not judged.ours)]


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
