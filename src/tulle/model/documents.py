"""Documents as fetched, before anybody gave them a meaning, and where each of their parts was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tulle.kit.quick import quick
from tulle.model.names import Name


class Anchor:
    """The first line of a document in its file, as of now; that of a part of it follows the document.

    The one mutable thing in the model, and on purpose: when lines are inserted above an unchanged document, the
    document *moves*. Its origins then show the new lines, and nothing that was compiled from it is compiled again.
    """

    __slots__ = ("_base", "_offset")

    def __init__(self, line: int = 1, base: Anchor | None = None) -> None:
        """`base` is that of the document, for a part of it."""
        self.move(line, base)

    @property
    def line(self) -> int:
        """Where it is now."""
        return self._offset if self._base is None else self._base.line + self._offset

    def move(self, line: int, base: Anchor | None = None) -> None:
        """Be at another line from now on, and follow another document."""
        self._base = base
        self._offset = line if base is None else line - base.line


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where something was written: every object carries one, findings and `explain` show it."""

    source: str
    """Name of the source: `file`, `store`, `built-in`."""
    file: str = ""
    """Path as the user gave it; for sources without files, what identifies the object there (`store:service/web`)."""
    anchor: Anchor = field(default_factory=Anchor)
    offset: int = 0
    """Lines below the anchor."""
    subject: str = ""
    """What is written there, in the user's words: `service web`, `route shop`."""

    @property
    def line(self) -> int:
        """Line in `file`, from 1, as of now."""
        return self.anchor.line + self.offset

    def at(self, line: int) -> Origin:
        """The same origin at another (absolute) line."""
        return Origin(self.source, self.file, self.anchor, line - self.anchor.line, self.subject)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else self.source


BUILT_IN = Origin("built-in")
"""The origin of what nobody wrote: defaults."""


class Key(NamedTuple):
    """What identifies a document within its source: a newer document with the same key replaces it."""

    kind: str
    name: Name


class Kept(Protocol):
    """Plain values that can be made again from something smaller."""

    @property
    def value(self) -> Mapping[str, object]:
        """The values; made again if they were forgotten."""
        ...

    def forget(self) -> None:
        """Free the memory of the values."""
        ...


@quick
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Document:
    """One object as written. Sources keep the identity of an unchanged document: the same data, the same object."""

    origin: Origin
    key: Key
    content: Mapping[str, object] | Kept
    """Its data, or what that is made from."""
    folder: str = ""
    """Absolute path from which relative paths in it start."""
    revision: str = ""
    """Revision of the store, commit, resource version; empty where a source has none."""

    @property
    def data(self) -> Mapping[str, object]:
        """Plain values; mappings and lists know the lines of their entries (`kit.located`)."""
        content = self.content
        return content if isinstance(content, Mapping) else content.value

    def forget(self) -> None:
        """Note that nobody needs the data soon: it is asked for again only to be compared, or shown."""
        if not isinstance(self.content, Mapping):
            self.content.forget()
