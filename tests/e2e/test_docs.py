"""What the documentation tells people to type and to write is right."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from tulle.cli.main import imported, program
from tulle.flow.offline import checked, converted

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    REPOSITORY / "README.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    *sorted(REPOSITORY.glob("examples/**/*.md")),
]
FENCE = re.compile(r"^```(\w+)(?: beside (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block may stand beside a folder of the repository: `yaml beside examples/bookinfo`."""


def blocks(language: str) -> list[tuple[str, str, str]]:
    """Every fenced block of a language, with the name of its page and the folder that it stands beside."""
    return [
        (f"{page.relative_to(REPOSITORY)}", text, beside)
        for page in PAGES
        for found, beside, text in FENCE.findall(page.read_text())
        if found == language
    ]


def commands() -> list[tuple[str, str]]:
    """Every `tulle` command that the documentation shows at a prompt or between backquotes."""
    typed = [
        (page, line[2:]) for page, text, _ in blocks("console") for line in text.splitlines() if line.startswith("$ ")
    ]
    inline = [
        (f"{page.relative_to(REPOSITORY)}", text)
        for page in PAGES
        for text in re.findall(r"`(tulle [^`]+)`", page.read_text())
    ]
    parts = [(page, part.strip()) for page, line in typed + inline for part in re.split(r"[|>#]|&&", line)]
    return sorted({(page, part) for page, part in parts if part.startswith("tulle ")})


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_exist_as_they_are_written(page: str, line: str) -> None:
    _, name, *arguments = shlex.split(line)
    if name.startswith("-"):
        return
    assert name in get_command(program).commands, page  # type: ignore[attr-defined]
    command = imported(name)
    if any(word.isupper() and len(word) > 2 for word in arguments) or "…" in line or not arguments:
        return  # the name of a placeholder, or of the command alone
    command.make_context(name, arguments).close()


@pytest.mark.parametrize(("page", "text", "beside"), blocks("yaml"))
def test_files_have_no_mistakes(page: str, text: str, beside: str, tmp_path: Path) -> None:
    file = tmp_path / "tulle.yaml"
    file.write_text(text)
    others = [REPOSITORY / beside] if beside else []
    assert checked([*others, file])[1] == (), page


CONVERTED = re.compile(
    r"^```yaml beside (\S+)\n([^`]*)^```$(?:(?!^```yaml converted$).)*^```yaml converted\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
"""What `tulle convert` makes of the first block and the folder that it stands beside."""


@pytest.mark.parametrize(
    ("page", "beside", "text", "wanted"),
    [(page.name, *found) for page in PAGES for found in CONVERTED.findall(page.read_text())],
)
def test_files_are_converted_as_the_page_says(page: str, beside: str, text: str, wanted: str, tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text(text)
    made = converted([REPOSITORY / beside, file], str(tmp_path))
    assert not made.lost and not [each for each in made.findings if each.is_error]
    lines, excerpt = (
        [line for line in each.splitlines() if not line.lstrip().startswith("#")] for each in (made.text, wanted)
    )
    assert "\n".join(excerpt) in "\n".join(lines), page


LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.relative_to(REPOSITORY)}")
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    links = [one or other for one, other in LINK.findall(text)]
    assert [link for link in links if not (page.parent / link).exists()] == []
