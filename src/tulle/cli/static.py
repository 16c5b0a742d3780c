"""Which static configuration Traefik would take: a file, flags or the environment, the first that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tulle.cli.output import MISUSED, Failure, note
from tulle.kit.files import write_atomically

FILE = "traefik.toml"
"""Holds what flags or variables say."""
SUFFIXES = (".toml", ".yaml", ".yml")


def configuration(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> Path:
    """The file of the static configuration; flags and variables are written into one in `folder`.

    Raises:
        Failure: there is none, or a word or variable is wrong.
    """
    from tulle.dialects.traefik.flags import BadFlag, from_environment, from_flags  # they import all schemas

    try:
        given = from_flags(words)
        found = _file(given.file, environment)
        if found is None and not given.values:
            given = from_environment(environment)
        text = given.text()
    except BadFlag as error:
        raise Failure(str(error), code=MISUSED) from error
    if found is not None:
        if given.values:
            names = ", ".join(f"--{'.'.join(path)}" for path in given.values)
            have = "has" if len(given.values) == 1 else "have"
            note(f"warning: {names} {have} no effect: {found} is there, and it alone counts, as for Traefik", "")
        return found
    if not text:
        raise Failure(
            "nothing is configured",
            "write traefik.yml, name a file (--configFile=FILE), or give flags such as --entryPoints.web.address=:80",
            code=MISUSED,
        )
    path = folder / FILE
    write_atomically(path, text)
    return path


def _file(named: str, environment: Mapping[str, str]) -> Path | None:
    if named:
        path = Path(named)
        if not path.is_file():
            raise Failure(f"there is no file {named}", code=MISUSED)
        return path
    return next((path for path in _usual(environment) if path.is_file()), None)


def _usual(environment: Mapping[str, str]) -> Iterator[Path]:
    """The files that are looked for, in this order."""
    homes = [environment.get("XDG_CONFIG_HOME", ""), environment.get("HOME", "") and f"{environment['HOME']}/.config"]
    for folder in ("/etc/traefik", *filter(None, homes), "."):
        for suffix in SUFFIXES:
            yield Path(folder, f"traefik{suffix}")
