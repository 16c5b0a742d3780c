"""A document that is kept as its text, which takes a tenth of the memory of its values."""

from __future__ import annotations

from collections.abc import Callable

from tulle.kit import located_yaml
from tulle.kit.located import LocatedMap


class KeptText:
    """The text of a mapping, and its values for as long as anybody works with them."""

    __slots__ = ("_parse", "_text", "_value")

    def __init__(self, text: str, value: LocatedMap, parse: Callable[[str], object] = located_yaml.parse) -> None:
        """`value` is what was parsed from the text."""
        self._text = text
        self._parse = parse
        self._value: LocatedMap | None = value

    @property
    def value(self) -> LocatedMap:
        """The values; parsed again if they were forgotten."""
        value = self._value
        if value is None:
            parsed = self._parse(self._text)
            value = self._value = parsed if isinstance(parsed, LocatedMap) else LocatedMap(0)
        return value

    def forget(self) -> None:
        """Keep only the text."""
        self._value = None
