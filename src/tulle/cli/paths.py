"""Which files a command is about when it was told, and when it was not."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tulle.cli.output import MISUSED, Failure

DEFAULT = ("tulle.yaml", "tulle.yml")
SUFFIXES = {".yaml", ".yml", ".toml"}


def chosen(given: Sequence[Path] | None) -> tuple[Path, ...]:
    """The files and folders that were given; else `tulle.yaml`; else this folder, if there is YAML in it.

    Raises:
        Failure: something that was given does not exist, or there is nothing to choose.
    """
    if given:
        for path in given:
            if not path.exists():
                raise Failure(f"{path} does not exist", code=MISUSED)
        return tuple(given)
    for name in DEFAULT:
        if Path(name).is_file():
            return (Path(name),)
    if any(file.suffix in SUFFIXES for file in Path().iterdir()):
        return (Path(),)
    raise Failure(
        "there is no tulle.yaml in this folder, nor any other YAML file",
        "name a file or a folder, as in `tulle up shop.yaml`; `tulle demo` shows an example",
        code=MISUSED,
    )


def programs(search_path: str, program: str = sys.argv[0], python: str = sys.executable) -> str:
    """PATH for the services: `.venv/bin/tulle up` finds the same programs as `tulle up` in the activated environment.

    The folder of this Python comes first, but not when `tulle` was found in another one (as pipx links it): whoever
    installed it apart from their own programs does not want its Python.
    """
    called, own = Path(program), Path(python).parent
    is_apart = called.name == "tulle" and called.absolute().parent != own
    folders = [folder for folder in search_path.split(os.pathsep) if folder]
    return search_path if is_apart or str(own) in folders else os.pathsep.join([str(own), *folders])
