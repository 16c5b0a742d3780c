"""Key-value stores as sources: every router, service or middleware below the root key is a document of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tulle.clients.key_values import Pairs
from tulle.kit.clock import Clock
from tulle.kit.flat_keys import Path, nested, stored
from tulle.model.documents import Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.sources.base import Batch
from tulle.sources.following import EVERYTHING, Attempt, Following, Trouble

SECTIONS = frozenset(("http", "tcp", "udp", "tls"))
"""Everything else below the root key belongs to somebody else."""
LISTS = frozenset((("tls", "certificates"),))
"""What is no mapping of objects by name, but one thing."""
LARGEST = 1024 * 1024
"""Bytes of a value: as much as the stores themselves allow by default, and twice of that of Consul."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A document, and what is wrong with it."""

    document: Document | None
    findings: tuple[Finding, ...] = ()
    is_unreadable: bool = False


class KeyValueSource:
    """A `tulle.sources.base.Source` over a key-value store."""

    def __init__(
        self, name: str, root: str, attempts: Sequence[Attempt[Pairs]], clock: Clock | None = None, folder: str = ""
    ) -> None:
        """`attempts` are the ways to ask it, one for each endpoint; in `folder` relative paths start."""
        self.name = name
        self._root, self._folder = root.strip("/"), folder
        self._following = Following(attempts, clock)
        self._origin = Origin(name, f"{name}:{self._root}")
        self._paths: dict[str, Path | None] = {}
        self._pairs: Pairs = {}
        self._groups: dict[Path, dict[str, bytes]] = {}
        """The pairs of each part."""
        self._parts: dict[Path, _Part] = {}
        self._order: dict[Path, None] = {}
        """Parts in the order in which they are told."""

    async def batches(self) -> AsyncIterator[Batch]:
        """Everything that the store has, at once and after every change."""
        last: Batch | None = None
        async with aclosing(self._following.states()) as states:
            async for state in states:
                batch = self._failed(state) if isinstance(state, Trouble) else self._read(state)
                if batch != last:
                    last = batch
                    yield batch

    def _failed(self, trouble: Trouble) -> Batch:
        documents = tuple(each for where in self._order if (each := self._parts[where].document))
        return Batch(documents, (trouble.finding(self._origin, self.name),), EVERYTHING)

    def _read(self, pairs: Pairs) -> Batch:
        for where in sorted(self._touched(pairs)):
            group = self._groups[where]
            if group:
                self._parts[where] = self._part(where, group, self._parts.get(where))
            else:
                del self._groups[where]
                self._parts.pop(where, None)
        if len(self._parts) != len(self._order) or not self._order.keys() >= self._parts.keys():
            self._order = dict.fromkeys(sorted(self._parts))
        parts = [self._parts[where] for where in self._order]
        return Batch(
            tuple(part.document for part in parts if part.document),
            tuple(finding for part in parts for finding in part.findings),
            frozenset(self._file(where) for where, part in self._parts.items() if part.is_unreadable),
        )

    def _touched(self, pairs: Pairs) -> set[Path]:
        """The parts of which something has changed: there are many keys, and few changes."""
        before, self._pairs = self._pairs, pairs
        touched: set[Path] = set()
        for key, value in pairs.items():
            if key not in before or before[key] != value:
                self._put(key, value, touched)
        for key in before.keys() - pairs.keys():
            self._put(key, None, touched)
            del self._paths[key]
        return touched

    def _put(self, key: str, value: bytes | None, touched: set[Path]) -> None:
        if key not in self._paths:
            self._paths[key] = stored(key, self._root)
        path = self._paths[key]
        if path is None or (section := path[0].lower()) not in SECTIONS:
            return
        rest = tuple(each.lower() for each in path[1:3])
        where = (section, *(rest[:1] if (section, *rest[:1]) in LISTS else rest))
        group = self._groups.setdefault(where, {})
        touched.add(where)
        # What is empty so far above is a folder that was made first, or holds nothing any more.
        if value is None or (not value and len(path) <= 3):
            group.pop(key, None)
        else:
            group[key] = value

    def _file(self, where: Path) -> str:
        return f"{self.name}:{'/'.join(filter(None, (self._root, *where)))}"

    def _part(self, where: Path, group: dict[str, bytes], before: _Part | None) -> _Part:
        origin = before.document.origin if before and before.document else Origin(self.name, self._file(where))
        entries: list[tuple[Path, str]] = []
        wrong: list[Finding] = []
        for key, value in group.items():
            path = self._paths[key]
            assert path is not None
            try:
                entries.append((path, _text(value)))
            except ValueError as error:
                kept = "; what was there before still counts" if before and before.document else ""
                wrong.append(Finding.error(origin, f"{key} {error}{kept}"))
        if wrong:
            return _Part(before.document if before else None, tuple(wrong), is_unreadable=True)
        content, clashes = nested(entries)
        findings = tuple(Finding.warning(origin, f"{'/'.join(each.path)} {each.sentence}") for each in clashes)
        key_of_document = Key("file", Name("", self._file(where)))
        return _Part(Document(origin, key_of_document, content, self._folder), findings)


def _text(value: bytes) -> str:
    """A value as text.

    Raises:
        ValueError: it is none, as the rest of a sentence.
    """
    if len(value) > LARGEST:
        raise ValueError(f"has a value of more than {LARGEST // 1024} KiB")
    try:
        found = value.decode()
    except UnicodeDecodeError as error:
        raise ValueError("has a value that is not text in UTF-8") from error
    if "\0" in found:
        raise ValueError("has a value that is not text")
    return found
