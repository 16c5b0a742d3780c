"""Values of Traefik 1, which come as texts or as they are meant, under keys in any case. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tulle.sources.labels.decoding import child
from tulle.sources.labels.names import flag


@dataclass
class Section:
    """A mapping that is read, and what turns out to be wrong with it."""

    values: object
    what: str
    """`frontend web`."""
    errors: list[str] = field(default_factory=list)

    def inner(self, name: str) -> Section | None:
        """A mapping in it; None if there is none."""
        found = child(self.values, name)
        return Section(found, self.what, self.errors) if isinstance(found, Mapping) else None

    def each(self, name: str) -> Mapping[str, Section]:
        """The mappings in a mapping, by name."""
        found = child(self.values, name)
        entries = found.items() if isinstance(found, Mapping) else ()
        return {key: Section(value, self.what, self.errors) for key, value in sorted(entries)}

    def text(self, name: str, default: str = "") -> str:
        """A text; the default if there is none."""
        found = child(self.values, name)
        if isinstance(found, Mapping | list) or found is None:
            return default
        return str(found).lower() if isinstance(found, bool) else str(found)

    def flag(self, name: str, default: bool = False) -> bool:
        """A flag; anything else is reported, and counts as nothing."""
        text = self.text(name)
        if not text:
            return default
        value = flag(text)
        if value is None:
            self._wrong(name, text, "true or false")
        return default if value is None else value

    def number(self, name: str) -> int | None:
        """A whole number; anything else is reported, and counts as nothing."""
        text = self.text(name)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            self._wrong(name, text, "a whole number")
            return None
        return int(text)

    def texts(self, name: str) -> list[str]:
        """A list, as one, as a text with commas, or as entries by number."""
        found = child(self.values, name)
        if isinstance(found, Mapping):
            found = [found[key] for key in sorted(found)]
        elif not isinstance(found, list):
            found = self.text(name).split(",")
        return [stripped for each in found if (stripped := str(each).strip())]

    def pairs(self, name: str) -> dict[str, str]:
        """Texts by name: as a mapping, or as labels have it, `name:value||name:value`."""
        found = child(self.values, name)
        if isinstance(found, Mapping):
            return {str(key): str(value) for key, value in found.items()}
        result: dict[str, str] = {}
        for part in filter(None, self.text(name).split("||")):
            key, colon, value = part.partition(":")
            if colon:
                result[key.strip()] = value.strip()
            else:
                self._wrong(name, part, "name:value||name:value")
        return result

    def taken(self, *names: str) -> dict[str, object]:
        """Texts and numbers under their names, those that are there."""
        return {name: text for name in names if (text := self.text(name))}

    def _wrong(self, name: str, text: str, wanted: str) -> None:
        self.errors.append(f'{self.what}: {name} must be {wanted}, not "{text[:40]}"; it is left out')
