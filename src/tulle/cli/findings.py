"""Findings for people: place and sentence first, then the line of the file with a marker, like a good compiler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tulle.cli.output import count, paint, plain
from tulle.model.findings import Finding, Severity

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; of larger files no lines are shown."""
LONGEST_LINE = 160

_QUOTED = re.compile(r"[\"`'“]([^\"`'”]+)[\"`'”]")
_STYLES = {"error": "bold red", "warning": "bold yellow"}


def as_json(finding: Finding) -> dict[str, Any]:
    """One finding in the form of `-o json`."""
    origin = finding.origin
    place = {"source": origin.source, "file": origin.file, "line": origin.line, "subject": origin.subject}
    return {"severity": finding.severity.value, "message": finding.message, "origin": place}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line; in one place errors first."""
    return sorted(findings, key=lambda f: (f.origin.file, f.origin.line, f.severity is not Severity.ERROR, f.message))


class Excerpts:
    """Lines of files, each file read once."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str:
        """One line of a file, from 1; empty if it cannot be shown."""
        if file not in self._files:
            self._files[file] = _lines(Path(file))
        lines = self._files[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return []
        # Only line ends of YAML: `splitlines` would also break at form feeds and count differently.
        return re.split(r"\r\n|\r|\n", path.read_text(errors="replace"))
    except OSError:
        return []


def rendered(finding: dict[str, Any], excerpts: Excerpts | None = None) -> list[str]:
    """Lines for one finding in its JSON form: `file:line: severity: message`, and what is written there."""
    origin = finding["origin"]
    severity = str(finding["severity"])
    place = f"{origin['file']}:{origin['line']}" if origin["file"] else str(origin["source"])
    message = plain(str(finding["message"]))
    lines = [f"{paint(plain(place), 'bold')}: {paint(severity, _STYLES.get(severity, ''))}: {message}"]
    if excerpts and (written := excerpts.line(origin["file"], origin["line"])).strip():
        lines += _marked(written, origin["line"], message, _STYLES.get(severity, ""))
    return lines


def _marked(written: str, number: int, message: str, style: str) -> list[str]:
    """The line and, below it, a marker under the words that the message is about."""
    text = plain(written).rstrip()
    start, end = _span(text, message)
    if end > LONGEST_LINE:
        cut = max(0, start - 20)
        text, start, end = "…" + text[cut:], start - cut + 1, end - cut + 1
    if len(text) > LONGEST_LINE:
        text, end = text[:LONGEST_LINE] + "…", min(end, LONGEST_LINE)
    gutter = f"{number:>5} │ "
    marker = " " * (len(gutter) - 2) + "│ "
    return [paint(gutter, "dim") + text, paint(marker, "dim") + " " * start + paint("^" * (end - start), style)]


def _span(text: str, message: str) -> tuple[int, int]:
    """Columns of the first quoted word of the message that stands in the line; the whole line if none does."""
    for word in _QUOTED.findall(message):
        found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
        if found:
            return found.span()
    return len(text) - len(text.lstrip()), len(text)


def summary(findings: Sequence[dict[str, Any]]) -> str:
    """`2 errors, 1 warning`, or an empty text."""
    errors = sum(finding["severity"] == "error" for finding in findings)
    warnings = len(findings) - errors
    parts = [count(errors, "error") if errors else "", count(warnings, "warning") if warnings else ""]
    return ", ".join(part for part in parts if part)
