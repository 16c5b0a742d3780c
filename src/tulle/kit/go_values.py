"""Values of Go's templates: how they are shown, what counts as true, and how sprig makes one kind of another. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.kit.go_syntax import BadTemplate

LONGEST = 64 * 1024
"""Characters of a text, and items of a list, that a function may make."""


class Structure(dict[str, object]):
    """Values with names that are known: asking for another one is a mistake."""


class Texts(dict[str, str]):
    """Texts by their names: one that is not there is empty."""

    missing = ""


def is_true(value: object) -> bool:
    """Whether it counts as true: structures always, other values if they are not empty."""
    return isinstance(value, Structure) or bool(value)


def shown(value: object) -> str:
    """A value as a template prints it."""
    check_size(value)
    return _shown(value)


def check_size(value: object) -> None:
    """Lists may hold one list many times, and that another one: it is large although it takes little memory."""
    count, to_do = 0, [value]
    while to_do:
        each = to_do.pop()
        if isinstance(each, Mapping | list | tuple):
            count += len(each) + 1
            to_do += each.values() if isinstance(each, Mapping) else each
            if count > LONGEST:
                raise BadTemplate(f"a value has more than {LONGEST:,} parts")


def _shown(value: object) -> str:
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e21 else f"{value:e}"
    if isinstance(value, Mapping):
        inner = " ".join(f"{key}:{_shown(value[key])}" for key in sorted(value, key=str))
        return f"{{{' '.join(map(_shown, value.values()))}}}" if isinstance(value, Structure) else f"map[{inner}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(_shown, value))}]"
    return str(value)


def as_text(value: object) -> str:
    """As sprig makes texts: nothing is `<nil>`."""
    return "<nil>" if value is None else shown(value)


def whole(value: object) -> int:
    if isinstance(value, str):
        try:
            return int(value.strip(), 0) if value.strip() == value else 0
        except ValueError:
            return int(value) if value.isdigit() else 0
    return int(value) if isinstance(value, int | float) else 0


def number(value: object) -> float:
    try:
        return float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        return 0.0


def short(text: str) -> str:
    if len(text) > LONGEST:
        raise BadTemplate(f"the result is longer than {LONGEST // 1024} KiB")
    return text


def texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [as_text(each) for each in value if each is not None]
    return [] if value is None else [as_text(value)]


def items(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise BadTemplate("a list is needed")
    return list(value)


def string(value: object) -> str:
    if not isinstance(value, str):
        raise BadTemplate(f"a text is needed, not {shown(value)}")
    return value
