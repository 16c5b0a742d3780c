"""The language of rules that do not say which they are in, as the static configuration says it."""

from __future__ import annotations

from collections.abc import Iterable

from tulle.dialects.traefik.rule_syntax import with_syntax
from tulle.model.documents import Document
from tulle.model.routers import RouterDefaults

Documents = tuple[Document, ...]


class RuleSyntax:
    """Documents with the language put in; the same objects as long as neither they nor the language change."""

    def __init__(self) -> None:
        self._version = ""
        self._known: dict[Document, Document] = {}

    def follow(self, said: Iterable[RouterDefaults]) -> bool:
        """Take what is said now; whether that is something else than before."""
        version = next((each.rule_syntax for each in said), "")
        is_other, self._version = version != self._version, version
        if is_other:
            self._known = {}
        return is_other

    def applied(self, documents: Documents) -> Documents:
        """The documents as they are to be read."""
        if not self._version:
            return documents
        known = self._known
        self._known = {each: known.get(each) or with_syntax(each, self._version) for each in documents}
        return tuple(self._known.values())
