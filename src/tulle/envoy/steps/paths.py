"""Steps that change the path of a request."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from tulle.envoy.steps.parts import Native, Part, Where, Work
from tulle.envoy.steps.patterns import substitution
from tulle.model.steps import AddPrefix, ReplacePath, ReplacePattern, StripPattern, StripPrefix

_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_IMPOSSIBLE = re.compile(r"[^\w\-.~$&+,/:;=@!'()*\[\]%]", re.ASCII)
_PLAIN = "$&+,/:;=@"
NOTHING = "(?:)"
"""A pattern that matches what an empty one does, which Envoy does not take."""
NOTES = "tulle.steps"
"""Metadata in which steps leave what others need."""


def add_prefix(step: AddPrefix, where: Where) -> tuple[Part, ...]:
    """Text before the path, which begins with one / then."""
    return (Work(request=({"op": "add_prefix", "prefix": step.prefix},)),)


def strip_prefix(step: StripPrefix, where: Where) -> tuple[Part, ...]:
    """Compared character by character, as the path means it; the service sees which in `X-Forwarded-Prefix`."""
    return (Work(request=({"op": "strip", "prefixes": list(step.prefixes)},)),)


def replace_path(step: ReplacePath, where: Where) -> tuple[Part, ...]:
    """The query stays; the service sees the old path in `X-Replaced-Path`."""
    wrong = _NO_ESCAPE.search(step.path)
    broken = f'invalid URL escape "{step.path[wrong.start() :][:3]}"' if wrong else ""
    return (Work(request=({"op": "replace", "path": written(step.path), "broken": broken},)),)


def written(path: str) -> str:
    """A path as Go's `net/url` writes it: as it is, if that is possible."""
    if _IMPOSSIBLE.search(path):
        return quote(unquote_to_bytes(path), safe=_PLAIN)
    return path


def replace_pattern(step: ReplacePattern, where: Where) -> tuple[Part, ...]:
    """Like `replace_path`, where the pattern matches."""
    return (
        Work(request=({"op": "write_path", "header": header_of(where.note), "note": where.note},)),
        replacing(where.note, step.pattern, step.replacement),
        Work(request=({"op": "take_path", "note": where.note},)),
    )


def replacing(note: str, pattern: str, replacement: str) -> Native:
    """Notes whether the pattern matches the text of the header, and what comes of the replacement."""
    header = header_of(note)
    fits = noting(header, f"{note}.fits", f"^(?s:.*)(?:{pattern})(?s:.*)$", "yes")
    result = noting(header, note, pattern, substitution(pattern, replacement), removes=True)
    return Native((rewriting(note, fits, result),))


def strip_patterns(step: StripPattern, where: Where) -> tuple[Part, ...]:
    """The first pattern that matches text which the path begins with."""
    header, last = header_of(where.note), len(step.patterns) - 1
    notes = [f"{where.note}-{index}" for index, _ in enumerate(step.patterns)]
    rules = [
        noting(header, each, f"^(?s:.*?)({pattern})(?s:.*)$", r"=\1", removes=index == last)
        for index, (each, pattern) in enumerate(zip(notes, step.patterns, strict=True))
    ]
    if not rules:
        return ()
    return (
        Work(request=({"op": "write_meant", "header": header},)),
        Native((rewriting(where.note, *rules),)),
        Work(request=({"op": "strip_taken", "notes": notes},)),
    )


def header_of(note: str) -> str:
    """A header that only exists on the way to the filter that reads it."""
    return f"x-{NOTES}-{note}"


def noting(header: str, note: str, pattern: str, replacement: str, *, removes: bool = False) -> dict[str, object]:
    """A rule that notes the text of a header, with all that a pattern matches in it replaced."""
    return {
        "header": header,
        "remove": removes,
        "on_header_present": {
            "metadata_namespace": NOTES,
            "key": note,
            "regex_value_rewrite": {"pattern": {"regex": pattern or NOTHING}, "substitution": replacement},
        },
    }


def rewriting(note: str, *rules: dict[str, object]) -> dict[str, object]:
    """A filter of such rules; the last one that reads a header removes it."""
    return {
        "name": f"note-{note}",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
            "request_rules": list(rules),
        },
    }


def rewritten(note: str, pattern: str, replacement: str) -> dict[str, object]:
    """The same of one rule about the header of the note."""
    return rewriting(note, noting(header_of(note), note, pattern, replacement, removes=True))
