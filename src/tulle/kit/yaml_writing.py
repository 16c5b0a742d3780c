"""Write plain values as YAML for people: comments, small things in one line, quotes only where they are needed.

Whatever is written is read back as the same values by `kit.located_yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tulle.kit.located_yaml import is_text

WIDTH = 110
"""Columns that something in one line may take."""
MOST_INLINE = 8
"""Scalars that something in one line may have."""
DEEPEST_INLINE = 3

_PLAIN = re.compile(r"[A-Za-z0-9_/.][-A-Za-z0-9_/.*@+=()$%!<>~^;|'\"`\\?: #]*")
_NOT_PLAIN = re.compile(r": | #|:$| $|[\x00-\x1f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")
"""What would end a comment, or cannot stand in one."""
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Commented:
    """A value with lines of comment above it."""

    value: object
    lines: tuple[str, ...]


def rendered(data: Mapping[str, object], block: int = 1) -> str:
    """A mapping as a YAML document; collections within the first `block` levels have a line for each entry."""
    return "".join(f"{line}\n" for line in _mapping(data, block))


def _mapping(data: Mapping[str, object], block: int) -> Iterator[str]:
    for key, given in data.items():
        value, lines = _bare(given)
        yield from _comments(lines)
        text = _scalar(key)
        if (short := _short(value, block - 1, WIDTH - len(text))) is not None:
            yield f"{text}: {short}"
            continue
        yield f"{text}:"
        yield from (f"  {line}" if line else line for line in _block(value, block - 1))


def _sequence(data: Sequence[object], block: int) -> Iterator[str]:
    for given in data:
        value, lines = _bare(given)
        yield from _comments(lines)
        if (short := _short(value, 0, WIDTH)) is not None:
            yield f"- {short}"
            continue
        first = True
        for line in _block(value, block):
            # A comment before the first key would separate it from its dash.
            yield f"{'- ' if first else '  '}{line}"
            first = False


def _comments(lines: Iterable[str]) -> Iterator[str]:
    return (f"# {_CONTROL.sub(' ', line)}".rstrip() for line in lines)


def _block(value: object, block: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        return _mapping(value, block)
    assert isinstance(value, Sequence)
    return _sequence(value, block)


def _bare(given: object) -> tuple[object, tuple[str, ...]]:
    return (given.value, given.lines) if isinstance(given, Commented) else (given, ())


def _short(value: object, block: int, width: int) -> str | None:
    """A value in one line, if it is small."""
    if isinstance(value, Mapping | list | tuple) and value:
        if block > 0 or _has_comments(value) or _depth(value) > DEEPEST_INLINE or _size(value) > MOST_INLINE:
            return None
        text = _inline(value)
        return text if len(text) <= width else None
    return _inline(value)


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    return _scalar(value)


def _has_comments(value: object) -> bool:
    if isinstance(value, Commented):
        return True
    return any(map(_has_comments, _children(value)))


def _children(value: object) -> Sequence[object]:
    if isinstance(value, Mapping):
        return tuple(value.values())
    return value if isinstance(value, list | tuple) else ()


def _depth(value: object) -> int:
    return 1 + max(map(_depth, _children(value)), default=0) if isinstance(value, Mapping | list | tuple) else 0


def _size(value: object) -> int:
    return sum(map(_size, _children(value))) if isinstance(value, Mapping | list | tuple) else 1


def _scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and not _NOT_PLAIN.search(text) and is_text(text):
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
