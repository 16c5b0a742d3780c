"""Words in braces become what only this run knows, and back: ports differ between gateways, expectations do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WORD = re.compile(r"\{([a-z][\w.:-]*)\}")

SPECIAL = re.compile(r"\d{4,5}|[0-9a-f]{16}")
"""Ports, and the values of cookies that are made of addresses."""


@dataclass
class Words:
    """What words stand for. Words that are not known stay, since braces have a meaning of their own in rules."""

    known: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """The same with every known word replaced, in keys, too."""
        if isinstance(value, str):
            return WORD.sub(lambda word: self.known.get(word[1], word[0]), value)
        if isinstance(value, Mapping):
            return {self.fill(name): self.fill(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.fill(each) for each in value]
        return value

    def hide(self, text: str) -> str:
        """Text of an answer with numbers of ports, and what is made of them, as words again."""
        special = {value: name for name, value in self.known.items() if SPECIAL.fullmatch(value)}
        if not special:
            return text
        return re.sub(rf"\b({'|'.join(special)})\b", lambda found: "{" + special[found[0]] + "}", text)
