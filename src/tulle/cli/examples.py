"""Where the examples are: in the package when it was installed, in the repository when it is worked on."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The folder of an example.

    Raises:
        FileNotFoundError: it was not installed.
    """
    for place in (PACKAGE / "examples" / name, PACKAGE.parent.parent / "examples" / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f'the example "{name}" is not part of this installation')
