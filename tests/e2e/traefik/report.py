"""`python -m tests.e2e.traefik.report [--real] [TOPIC…]`: a table of agreement in Markdown, with known differences."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tests.e2e.traefik.cases import cases_of, topics
from tests.e2e.traefik.verdicts import Verdict, verdicts


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="report", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC")
    parser.add_argument("--real", action="store_true", help="only how far the real Traefik is as we expect")
    options = parser.parse_args()
    wanted = options.topics or topics()
    judged = verdicts([case for topic in wanted for case in cases_of(topic)], not options.real)
    print("\n".join(table({topic: [each for each in judged if each.case.topic == topic] for topic in wanted})))


def table(judged: dict[str, list[Verdict]]) -> Iterator[str]:
    """Topics, then all differences."""
    yield "| topic | cases | agree | differ knowingly | wrong |"
    yield "|---|---|---|---|---|"
    rows = {topic: counts(each) for topic, each in judged.items()}
    for topic, row in rows.items():
        yield f"| {topic} | {' | '.join(map(str, row))} |"
    yield f"| **all** | {' | '.join(str(sum(column)) for column in zip(*rows.values(), strict=True))} |"
    for topic, found in judged.items():
        for each in found:
            if each.case.differs:
                yield f"- `{topic}/{each.case.name}`: {each.case.differs}"
            if not each.is_right:
                why = "; ".join(map(str, [*each.wrong, *each.different]))
                yield f"- **`{topic}/{each.case.name}` is wrong**: {why[:400]}"


def counts(found: list[Verdict]) -> tuple[int, int, int, int]:
    """Cases, those that agree, those that are knowingly different, those that are wrong."""
    wrong = sum(not each.is_right for each in found)
    differing = sum(each.is_right and bool(each.case.differs) for each in found)
    return len(found), len(found) - wrong - differing, differing, wrong


if __name__ == "__main__":
    main()
