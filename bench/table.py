"""What a benchmark found: rows of figures and the budgets they are held against; shown, and written to files."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
Figure = float | str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One case, and what was measured for it. The order of `figures` is the order of the columns."""

    case: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Budget:
    """A figure that has a limit (DESIGN, budgets)."""

    what: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        sign = "≤" if self.is_met else ">"
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.what}: {shown(self.measured)} {sign} {shown(self.limit)}{unit}"


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that one benchmark has to say."""

    name: str
    title: str
    rows: Sequence[Row]
    budgets: Sequence[Budget] = ()
    notes: Sequence[str] = ()
    """How it was measured, in sentences."""


def shown(figure: Figure) -> str:
    """A figure with three digits that count."""
    if figure is None:
        return "–"
    if isinstance(figure, str):
        return figure
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def median(values: Sequence[float]) -> float:
    """The middle one; the upper of two."""
    return sorted(values)[len(values) // 2]


def show(result: Result, console: Console) -> None:
    """Print one result."""
    table = Table(title=result.title, title_justify="left", title_style="bold")
    table.add_column("")
    for column in _columns(result):
        table.add_column(column, justify="right")
    for row in result.rows:
        table.add_row(row.case, *(shown(row.figures.get(column)) for column in _columns(result)))
    console.print(table)
    for budget in result.budgets:
        console.print(f"[{'green' if budget.is_met else 'red'}]{'met' if budget.is_met else 'missed'}[/]  {budget}")
    for note in result.notes:
        console.print(f"[dim]{note}[/]")
    console.print()


def write(results: Sequence[Result]) -> None:
    """Write each result as JSON, and the table of all that were ever written as Markdown."""
    RESULTS.mkdir(exist_ok=True)
    for result in results:
        (RESULTS / f"{result.name}.json").write_text(json.dumps(_as_json(result), indent=1, ensure_ascii=False) + "\n")
    known = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    (RESULTS / "table.md").write_text("# Benchmarks\n\n" + "\n".join(map(_as_markdown, known)))


def _columns(result: Result) -> list[str]:
    return list(dict.fromkeys(column for row in result.rows for column in row.figures))


def _as_json(result: Result) -> dict[str, object]:
    budgets = [{**asdict(budget), "is_met": budget.is_met} for budget in result.budgets]
    rows = [{"case": row.case, "figures": dict(row.figures)} for row in result.rows]
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return {
        "name": result.name,
        "title": result.title,
        "machine": machine,
        "rows": rows,
        "budgets": budgets,
        "notes": list(result.notes),
    }


def _as_markdown(known: Mapping[str, object]) -> str:
    rows = known["rows"]
    assert isinstance(rows, list)
    columns = list(dict.fromkeys(column for row in rows for column in row["figures"]))
    lines = [f"## {known['title']}", "", "| | " + " | ".join(columns) + " |", "|---" + "|--:" * len(columns) + "|"]
    for row in rows:
        lines.append(f"| {row['case']} | " + " | ".join(shown(row["figures"].get(column)) for column in columns) + " |")
    budgets, notes = known["budgets"], known["notes"]
    assert isinstance(budgets, list)
    assert isinstance(notes, list)
    for fields in budgets:
        budget = Budget(fields["what"], fields["measured"], fields["limit"], fields["unit"])
        lines += ["", f"**{'Met' if budget.is_met else 'Missed'}:** {budget}"]
    return "\n".join([*lines, *(line for note in notes for line in ("", note)), ""])
