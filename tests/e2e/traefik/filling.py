"""Words in braces become what only this run knows, and back: ports differ between gateways, expectations do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WORD = re.compile(r"\{([a-z][\w.:-]*)\}")


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
        """Text of an answer with numbers of ports as words again."""
        ports = {value: name for name, value in self.known.items() if re.fullmatch(r"\d{4,5}", value)}
        if not ports:
            return text
        return re.sub(rf"\b({'|'.join(ports)})\b", lambda found: "{" + ports[found[0]] + "}", text)
