"""What the page about Traefik says of differences is what the cases and the schemas say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.traefik.cases import cases_of, topics
from tulle.dialects.tables import sections, tables
from tulle.dialects.traefik.dialect import DIALECT

PAGE = Path(__file__).parents[2] / "docs" / "languages" / "traefik.md"
PLACES = re.compile(r"(<!-- Made from the (\w+): [^>]+-->\n).*?(<!-- end -->)", re.DOTALL)
CASES = "../../tests/e2e/traefik/cases"


def differences() -> Iterator[str]:
    """Each reason once, with the cases that have it."""
    found: dict[str, list[str]] = {}
    for topic in topics():
        for case in cases_of(topic):
            if case.differs:
                found.setdefault(" ".join(case.differs.split()), []).append(f"[{case.id}]({CASES}/{topic}.yaml)")
    yield "| difference, and why | cases |"
    yield "|---|---|"
    for reason, cases in found.items():
        yield f"| {reason.replace('|', chr(92) + '|')} | {', '.join(cases)} |"


def refusals() -> Iterator[str]:
    """Every field that is refused."""
    yield "| option | |"
    yield "|---|---|"
    for topic, rows in tables(sections(DIALECT.kinds.values())):
        if topic.head.partition("**Refused:** ")[1]:
            yield f"| `{topic.title}` | {topic.head.partition('**Refused:** ')[2]} |"
        for row in rows:
            if row.support == "refused":
                yield f"| `{topic.title}`: `{row.name}` | {row.note.removeprefix('has no effect: ')} |"


def test_the_page_is_current() -> None:
    """`UPDATE_GOLDEN=1` writes it."""
    made = {"cases": differences, "schemas": refusals}

    def filled(found: re.Match[str]) -> str:
        lines = "\n".join(made[found[2]]())
        return f"{found[1]}\n{lines}\n\n{found[3]}"

    text = PLACES.sub(filled, PAGE.read_text())
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text)
    assert text == PAGE.read_text()
