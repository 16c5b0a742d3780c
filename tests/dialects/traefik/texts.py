"""Texts that are rules and texts that are not, by grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tulle.dialects.traefik.matchers import HTTP_V2, HTTP_V3, TCP_V2, TCP_V3, Grammar

NAMES: Mapping[str, Grammar] = {"http v3": HTTP_V3, "http v2": HTTP_V2, "tcp v3": TCP_V3, "tcp v2": TCP_V2}
VERDICTS: Mapping[str, tuple[bool, bool]] = {
    "accepted": (True, True),
    "refused": (False, False),
    "only_traefik": (True, False),
    "only_tulle": (False, True),
}


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody may write as rule."""

    grammar: str
    rule: str
    traefik_accepts: bool
    tulle_accepts: bool


def texts() -> Iterator[Text]:
    """All of them."""
    known: Any = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    for grammar, verdicts in known.items():
        for verdict, rules in verdicts.items():
            for rule in rules:
                yield Text(grammar, rule, *VERDICTS[verdict])
