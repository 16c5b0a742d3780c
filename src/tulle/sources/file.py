"""Documents from YAML files and folders. What they mean is none of its business."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, Piece, parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.sources.base import Batch

SOURCE = "file"
SUFFIXES = (".yaml", ".yml")
LARGEST = 64 * 1024 * 1024
"""Bytes of one file; 100,000 services are about 10 MB."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one file said when it was last read."""

    stamp: tuple[int, int, int, int]
    """Changes when the file does: device, inode, size, time of modification."""
    text: str = ""
    documents: tuple[tuple[str, Document], ...] = ()
    """Each with its text."""
    findings: tuple[Finding, ...] = ()
    unreadable: frozenset[str] = frozenset()


class Files:
    """Files and folders that can be read again and again; only what changed is read and parsed."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        self._read: dict[str, _Read] = {}

    def scan(self) -> Batch:
        """Everything that the files say now."""
        findings: list[Finding] = []
        found = tuple(dict.fromkeys(self._found(findings)))
        self._read = {path: self._current(path) for path in found}
        everything = self._read.values()
        return Batch(
            tuple(document for read in everything for _, document in read.documents),
            (*findings, *(finding for read in everything for finding in read.findings)),
            frozenset().union(*(read.unreadable for read in everything)),
        )

    def _found(self, findings: list[Finding]) -> Iterator[str]:
        for path in self.paths:
            if os.path.isdir(path):
                yield from _files_below(path)
            elif os.path.exists(path):
                yield path
            else:
                findings.append(Finding.error(Origin(SOURCE, path), f"there is no file or folder {path}"))

    def _current(self, path: str) -> _Read:
        before = self._read.get(path)
        try:
            status = os.stat(path)
            stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if before is not None and before.stamp == stamp:
                return before
            if status.st_size > LARGEST:
                return _refused(path, stamp, f"larger than {LARGEST // 2**20} MB, so it is not read")
            data = Path(path).read_bytes()
        except OSError as error:
            return _refused(path, (0, 0, 0, 0), f"cannot be read: {error.strerror}")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start)
            return _refused(path, stamp, "this is not text in UTF-8", line)
        if "\0" in text:
            return _refused(path, stamp, "this is a binary file, not YAML")
        return _parsed(path, stamp, text, before)


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (
            os.path.join(parent, name) for name in sorted(names) if name.endswith(SUFFIXES) and not name.startswith(".")
        )


def _refused(path: str, stamp: tuple[int, int, int, int], message: str, line: int = 0) -> _Read:
    finding = Finding.error(Origin(SOURCE, path, Anchor(line + 1)), message)
    return _Read(stamp, findings=(finding,), unreadable=frozenset((path,)))


def _parsed(path: str, stamp: tuple[int, int, int, int], text: str, before: _Read | None) -> _Read:
    """Parse the documents whose text is new; the others are the same objects, where they are now."""
    known: dict[str, list[Document]] = {}
    for said, document in before.documents if before is not None else ():
        known.setdefault(said, []).append(document)
    documents: list[tuple[str, Document]] = []
    findings: list[Finding] = []
    unreadable: set[str] = set()
    for index, piece in enumerate(pieces(text)):
        if same := known.get(piece.text):
            document = same.pop(0)
            document.origin.anchor.line = piece.line + 1
            documents.append((piece.text, document))
            continue
        name = f"{path}#{index + 1}"
        try:
            data = _mapping(piece)
        except Malformed as error:
            origin = Origin(SOURCE, path, Anchor(piece.line + 1), error.line)
            findings.append(Finding.error(origin, error.message))
            unreadable.add(name)
        else:
            origin = Origin(SOURCE, path, Anchor(piece.line + 1))
            folder = os.path.dirname(os.path.abspath(path))
            documents.append((piece.text, Document(origin, Key("file", Name("", name)), data, folder)))
    return _Read(stamp, text, tuple(documents), tuple(findings), frozenset(unreadable))


def _mapping(piece: Piece) -> LocatedMap:
    value = parse(piece.text)
    if value is None:
        return LocatedMap(0)
    if not isinstance(value, LocatedMap):
        raise Malformed(getattr(value, "line", 0), "a document must be a mapping, such as services: {...}")
    return value
