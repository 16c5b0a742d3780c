"""`tulle`: finds the command, imports only that one, and turns what goes wrong into a sentence and an exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
from ast import literal_eval
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tulle.__about__ import __version__
from tulle.cli.output import FAILED, MISUSED, Failure, complain, note

COMMANDS = Path(__file__).parent / "commands"
INTERRUPTED = 130
"""The shell's exit code for Ctrl-C: 128 + SIGINT."""

_SUMMARY = re.compile(r'\A"""(.+?)(?:"""|\n)')
_PLACE = re.compile(r"^PLACE = (\(.+\))$", re.MULTILINE)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Described(TyperCommand):
    """What `--help` and completion need of a command, read from its file without importing it."""

    def __init__(self, file: Path) -> None:
        text = file.read_text()
        summary, place = _SUMMARY.search(text), _PLACE.search(text)
        if not summary or not place:
            raise ValueError(f'{file.name} needs a docstring and PLACE = ("heading", position)')
        super().__init__(file.stem.replace("_", "-"), help=summary[1], rich_markup_mode=None)
        self.heading: str
        self.position: int
        self.heading, self.position = literal_eval(place[1])


def imported(name: str) -> Any:
    """The real command: the function (or the group of commands) `command` of its module."""
    command = import_module(f"tulle.cli.commands.{name.replace('-', '_')}").command
    if not isinstance(command, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name, context_settings=_SETTINGS)(command)
        command = app
    return typer.main.get_command(command)


class Commands(TyperGroup):
    """All commands, known by their files; a command is imported when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        found = [Described(file) for file in COMMANDS.glob("*.py") if file.stem != "__init__"]
        found.sort(key=lambda command: (command.position, str(command.name)))
        self.described = {str(command.name): command for command in found}
        self.commands = dict(self.described)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command that is called, imported now."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, imported(str(name)) if known else None, rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands, under their headings."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.described.items():
            headings.setdefault(command.heading, []).append((name, str(command.help)))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(12), summary) for name, summary in rows])


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tulle {__version__}")
        raise typer.Exit


program = typer.Typer(
    cls=Commands,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=_SETTINGS,
)


@program.callback()
def tulle(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The service mesh and edge gateway that you pip install.

    \b
    Try it:            tulle demo
    Your own services: tulle up tulle.yaml

    All state of one machine is in TULLE_HOME (~/.local/state/tulle if not set): two homes, two meshes.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 findings or failure, 2 usage."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code and prints whatever went wrong."""
    try:
        code = typer.main.get_command(program)(list(arguments), prog_name="tulle", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except Failure as failure:
        complain(failure)
        return failure.code
    except typer.TyperException as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:  # a bug of ours: the one place that shows a traceback, and says what to do with it
        traceback.print_exc()
        note(
            "This is a bug in Tulle, not a mistake of yours. Please report it, with the lines above,",
            f"the command that you typed and the file that you used. Version: tulle {__version__}",
        )
        return FAILED


def _misused(error: typer.TyperException) -> int:
    """Print what is wrong with the command line, and how it is used."""
    context = getattr(error, "ctx", None)
    if error.message.startswith("Usage: "):  # a group without a command: its message is its help
        note(error.message)
        return MISUSED
    path = context.command_path if context else "tulle"
    usage = (context.get_usage().replace("Usage: ", "usage: "), f"{path} --help shows more") if context else ()
    complain(Failure(error.format_message().rstrip("."), *usage))
    return error.exit_code
