"""Small values as people type them: durations, percentages, references, one thing instead of a list of one."""

from __future__ import annotations

import os.path
from collections.abc import Sequence

from tulle.model.names import Name
from tulle.model.routes import Backend

Data = dict[str, object]
NOTHING: tuple[object, ...] = ("", (), [], {})
_UNITS = (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001))


def kept(**fields: object) -> Data:
    """A mapping without what says nothing."""
    return {name: value for name, value in fields.items() if value is not None and value not in NOTHING}


def changed(value: object, default: object) -> object:
    """A value, if it is not as it is by default anyway."""
    return None if value == default else value


def yes(value: bool) -> bool | None:
    """True, or nothing."""
    return True if value else None


def duration(seconds: float | None) -> str | None:
    """`1m`, `1500ms`: in the largest unit of which it is a whole number."""
    if seconds is None:
        return None
    if seconds == 0:
        return "0s"
    for unit, size in _UNITS:
        number = round(seconds / size)
        # What is written must be read as the very same number.
        if number and number * size == seconds and float(number) * size == seconds:
            return f"{number}{unit}"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def number(value: float | None) -> float | int | None:
    """A number without a point where it needs none."""
    return int(value) if value is not None and float(value).is_integer() else value


def several(values: Sequence[object]) -> object:
    """One value alone, more of them as a list, none as nothing."""
    # Alone, a list would be taken for the list, and something empty for nothing.
    if len(values) == 1 and not isinstance(values[0], list | tuple) and values[0] not in NOTHING:
        return values[0]
    return list(values) or None


def named(name: Name, namespace: str) -> str:
    """`web`, or `web.shop` seen from another namespace."""
    return name.name if name.namespace == namespace else str(name)


def reference(backend: Backend, namespace: str) -> str:
    """`reviews.shop:9080/v2`."""
    port = f":{backend.port}" if backend.port is not None else ""
    version = f"/{backend.subset}" if backend.subset is not None else ""
    return f"{named(backend.service, namespace)}{port}{version}"


def file(path: str, folder: str) -> str | None:
    """A path as one would type it in a file of a folder."""
    if not path:
        return None
    relative = os.path.relpath(path, folder) if folder else path
    return path if relative.startswith("../..") else relative
