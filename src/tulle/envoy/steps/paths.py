"""Steps that change the path of a request."""

from __future__ import annotations

import re

from tulle.envoy.steps.parts import Native, Part, Work
from tulle.envoy.steps.patterns import substitution
from tulle.model.steps import AddPrefix, ReplacePath, ReplacePattern, StripPattern, StripPrefix

_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
NOTES = "tulle.steps"
"""Metadata in which steps leave what others need."""


def add_prefix(step: AddPrefix, note: str) -> tuple[Part, ...]:
    """Text before the path, which begins with one / then."""
    return (Work(request=({"op": "add_prefix", "prefix": step.prefix},)),)


def strip_prefix(step: StripPrefix, note: str) -> tuple[Part, ...]:
    """Compared character by character, as the path means it; the service sees which in `X-Forwarded-Prefix`."""
    return (Work(request=({"op": "strip", "prefixes": list(step.prefixes)},)),)


def replace_path(step: ReplacePath, note: str) -> tuple[Part, ...]:
    """The query stays; the service sees the old path in `X-Replaced-Path`."""
    wrong = _NO_ESCAPE.search(step.path)
    broken = f'invalid URL escape "{step.path[wrong.start() :][:3]}"' if wrong else ""
    return (Work(request=({"op": "replace", "path": step.path, "broken": broken},)),)


def replace_pattern(step: ReplacePattern, note: str) -> tuple[Part, ...]:
    """Like `replace_path`, where the pattern matches."""
    return (
        Work(request=({"op": "write_path", "header": f"x-{NOTES}-{note}", "note": note},)),
        Native((rewritten(note, step.pattern, substitution(step.pattern, step.replacement)),)),
        Work(request=({"op": "take_path", "note": note},)),
    )


def strip_patterns(step: StripPattern, note: str) -> tuple[Part, ...]:
    """The first pattern that matches at the very beginning."""
    notes = [f"{note}-{index}" for index, _ in enumerate(step.patterns)]
    writing = ({"op": "write_path", "header": f"x-{NOTES}-{each}", "note": each} for each in notes)
    filters = (rewritten(each, f"^(?:{pattern})", "") for each, pattern in zip(notes, step.patterns, strict=True))
    return (
        Work(request=tuple(writing)),
        Native(tuple(filters)),
        Work(request=({"op": "strip_taken", "notes": notes},)),
    )


def rewritten(note: str, pattern: str, replacement: str) -> dict[str, object]:
    """A filter that takes text from a header, replaces in it what the pattern matches, and leaves it as a note."""
    rule = {
        "header": f"x-{NOTES}-{note}",
        "remove": True,
        "on_header_present": {
            "metadata_namespace": NOTES,
            "key": note,
            "regex_value_rewrite": {"pattern": {"regex": pattern}, "substitution": replacement},
        },
    }
    return {
        "name": f"note-{note}",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
            "request_rules": [rule],
        },
    }
