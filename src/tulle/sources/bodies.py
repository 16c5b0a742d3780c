"""Documents that arrive as one text, YAML or JSON: the same text is the same document."""

from __future__ import annotations

import json

from tulle.kit.kept_text import KeptText
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name


class Body:
    """The newest text that was a document."""

    def __init__(self, source: str, file: str, folder: str = "") -> None:
        self.origin = Origin(source, file)
        self.document: Document | None = None
        """What was read last; it stays when something cannot be read."""
        self._folder = folder
        self._data: bytes | None = None

    def read(self, data: bytes) -> Document:
        """The document that a text is.

        Raises:
            Malformed: it is none.
        """
        if self.document is None or data != self._data:
            text, content = _parsed(data)
            name = Name("", self.origin.file)
            self.document = Document(self.origin, Key("file", name), KeptText(text, content), self._folder)
            self._data = data
        return self.document


def _parsed(data: bytes) -> tuple[str, LocatedMap]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(data.count(b"\n", 0, error.start), "this is not text in UTF-8") from error
    try:
        value = parse(text)
    except Malformed:
        # JSON writes what is beyond 65,535 as two characters, which is no YAML.
        text = _rewritten(text)
        value = parse(text)
    if value is None:
        return text, LocatedMap(0)
    if not isinstance(value, LocatedMap):
        raise Malformed(getattr(value, "line", 0), "this must be a mapping, such as http: {routers: {...}}")
    return text, value


def _rewritten(text: str) -> str:
    """JSON with all characters as themselves; any other text as it is."""
    try:
        found = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
        found.encode()
    except (ValueError, RecursionError):
        return text
    return found
