"""Documents from files (YAML, TOML) and folders, watched. What they mean is none of its business."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from watchfiles import awatch

from tulle.kit import located_toml
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.collecting import no_collection
from tulle.kit.go_syntax import BadTemplate
from tulle.kit.go_template import Template
from tulle.kit.go_values import Structure
from tulle.kit.kept_text import KeptText
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, Piece, parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.sources.base import Batch
from tulle.sources.labels.names import normalized

SOURCE = "file"
TOML = ".toml"
SUFFIXES = (".yaml", ".yml", TOML)
LARGEST = 64 * 1024 * 1024
"""Bytes of one file; 100,000 services are about 10 MB."""
LARGEST_TEMPLATE = 8 * 1024 * 1024
"""Characters of a file that is a template, and of what it says."""
MOST_STEPS = 500_000
"""Of a template: about a second."""

SETTLED = 0.1
"""Seconds without a write after which a file that looks half-written is taken as it is."""
PATIENCE = 0.9
"""Seconds for which a file that is gone or empty still counts: many programs remove a file, and then write it anew."""
STEP = 10
"""Milliseconds in which changes are taken as one: an editor's write and rename."""
LOOK_AGAIN = 1000
"""Milliseconds after which is looked without a sign of change: for file systems that give none."""
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """What one file said when it was last read."""

    stamp: Stamp
    """Changes when the file does: device, inode, size, time of modification."""
    documents: tuple[Document, ...] = ()
    texts: tuple[str, ...] = ()
    """Of the documents."""
    findings: tuple[Finding, ...] = ()
    unreadable: frozenset[str] = frozenset()
    is_half: bool = False
    """Whether it looks as if somebody is still writing it: what it said before still counts."""


class Files:
    """Files and folders that can be read again and again; only what changed is read and parsed."""

    def __init__(
        self, paths: Sequence[str], clock: Clock | None = None, *, are_templates: bool = False, folder: str = ""
    ) -> None:
        """`are_templates`: whether files may be templates of Go, as those of Traefik's file provider.

        Paths in files begin at `folder`; if it is empty, each at the folder of the file.
        """
        self.paths = tuple(paths)
        self._are_templates = are_templates
        self._folder = folder
        self.is_half = False
        """Whether a file looked half-written in the last scan, which should soon be repeated."""
        self._clock = clock or SystemClock()
        self._read: dict[str, _Read] = {}
        self._missing: dict[str, Finding] = {}
        self._gone: dict[str, float] = {}
        """Files that were there, and since when they are not."""

    def scan(self) -> Batch:
        """Everything that the files say now."""
        with no_collection():
            return self._scanned()

    def _scanned(self) -> Batch:
        now, missing = self._clock.monotonic(), self._missing
        gone = [path for path in self.paths if not os.path.exists(path)]
        self._gone = {path: self._gone.get(path, now) for path in gone if path in self._read}
        awaited = {path for path, since in self._gone.items() if now - since < PATIENCE}
        self._missing = {path: missing.get(path) or _missing(path) for path in gone if path not in awaited}
        found = tuple(dict.fromkeys(self._found()))
        self._read = {path: self._read[path] if path in awaited else self._current(path) for path in found}
        everything = self._read.values()
        self.is_half = any(read.is_half for read in everything)
        return Batch(
            tuple(chain.from_iterable(read.documents for read in everything)),
            (*self._missing.values(), *(finding for read in everything for finding in read.findings)),
            frozenset().union(*(read.unreadable for read in everything), (path.rstrip("/") for path in self._missing)),
            SOURCE,
        )

    def _found(self) -> Iterator[str]:
        for path in self.paths:
            if os.path.isdir(path):
                yield from _files_below(path)
            elif path not in self._missing:
                yield path

    def _current(self, path: str) -> _Read:
        before = self._read.get(path)
        try:
            status = os.stat(path)
            stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if before is not None and before.stamp == stamp and not before.is_half:
                return before
            if not stat.S_ISREG(status.st_mode):
                return _refused(path, stamp, "not a regular file")
            if status.st_size > LARGEST:
                return _refused(path, stamp, f"larger than {LARGEST // 2**20} MB, so it is not read")
            data = Path(path).read_bytes()
        except OSError as error:
            return _refused(path, (0, 0, 0, 0), f"cannot be read: {error.strerror}")
        if self._are_templates and b"{{" in data:
            try:
                data = filled(data)
            except BadTemplate as error:
                return _refused(path, stamp, f"not a template: {error}")
        read = _decoded(path, stamp, data, before, self._folder)
        age = self._clock.now().timestamp() - status.st_mtime
        if before is not None and 0 <= age < PATIENCE and not data.strip():
            return before  # With its old stamp: it is read again at the next look.
        if before is not None and 0 <= age < SETTLED and _looks_half(data, read):
            return replace(before, stamp=stamp, is_half=True)
        return read


def _missing(path: str) -> Finding:
    return Finding.error(Origin(SOURCE, path), f"there is no file or folder {path}")


class FileSource:
    """Files and folders, followed as they change."""

    def __init__(
        self,
        paths: Sequence[str],
        clock: Clock | None = None,
        *,
        name: str = SOURCE,
        are_templates: bool = False,
        folder: str = "",
    ) -> None:
        """`name` tells several of them apart; the rest is for `Files`."""
        self.name = name
        self._files = Files(paths, clock, are_templates=are_templates, folder=folder)

    async def batches(self) -> AsyncIterator[Batch]:
        """What the files say, at once and again after every change."""
        last: Batch | None = None
        while True:
            folders = watched(self._files.paths)
            async with contextlib.aclosing(self._signs(folders)) as signs:
                async for _ in signs:
                    batch = await self._settled()
                    if batch != last:
                        last = batch
                        yield batch
                    if watched(self._files.paths) != folders:
                        break  # A folder came or went: follow those that are there now.

    async def _signs(self, folders: tuple[str, ...]) -> AsyncGenerator[None, None]:
        """At once, and whenever something may have changed in one of the folders."""
        yield
        roots = tuple(os.path.abspath(path) for path in self._files.paths)
        try:
            async for _ in awatch(
                *folders,
                watch_filter=lambda _, path: _concerns(path, roots),
                step=STEP,
                debounce=5 * STEP,
                rust_timeout=LOOK_AGAIN,
                yield_on_timeout=True,
                recursive=False,
                ignore_permission_denied=True,
            ):
                yield
        except FileNotFoundError:
            return  # A folder went away just now.

    async def _settled(self) -> Batch:
        """The files, once nobody seems to be in the middle of writing one."""
        batch = self._files.scan()
        while self._files.is_half:
            await asyncio.sleep(SETTLED / 4)
            batch = self._files.scan()
        return batch


def watched(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders in which something must happen for the files to change; for what is missing, where it would be."""
    folders: dict[str, None] = {}
    for path in paths:
        absolute = os.path.abspath(path)
        if os.path.isdir(absolute):
            folders.update(dict.fromkeys(folder for folder, _ in _walk(absolute)))
        parent = os.path.dirname(absolute)
        while not os.path.isdir(parent):
            parent = os.path.dirname(parent)
        folders[parent] = None
    return tuple(folders)


def _concerns(path: str, roots: tuple[str, ...]) -> bool:
    """Whether a change at a path can be one of the roots, of something in them, or of a folder above them."""
    return any(f"{path}/".startswith(f"{root}/") or f"{root}/".startswith(f"{path}/") for root in roots)


def _walk(folder: str) -> Iterator[tuple[str, list[str]]]:
    """Every folder below (and itself) with the names of its files; not what is hidden."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield parent, sorted(name for name in names if not name.startswith("."))


def _files_below(folder: str) -> Iterator[str]:
    for parent, names in _walk(folder):
        yield from (os.path.join(parent, name) for name in names if name.endswith(SUFFIXES))


def _decoded(path: str, stamp: Stamp, data: bytes, before: _Read | None, folder: str) -> _Read:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _refused(path, stamp, "this is not text in UTF-8", data.count(b"\n", 0, error.start))
    if "\0" in text:
        return _refused(path, stamp, "this is a binary file, not text")
    return _parsed(path, stamp, text, before, folder or os.path.dirname(os.path.abspath(path)))


def filled(data: bytes) -> bytes:
    """What a file that is a template says: with the environment, and the functions that Traefik has in files.

    Raises:
        BadTemplate: it is none, or needs more than is known here.
    """
    text = data.decode("utf-8-sig", "replace")
    functions: dict[str, Callable[..., object]] = {
        "env": lambda name: os.environ.get(name, ""),
        "normalize": normalized,
        "split": lambda text, separator: text.split(separator) if separator else list(text),
    }
    template = Template(text, functions, longest=LARGEST_TEMPLATE, most_steps=MOST_STEPS)
    return template.filled(Structure({})).encode()


def _looks_half(data: bytes, read: _Read) -> bool:
    """Whether a file that was written just now looks as if there is more to come."""
    return not data.strip() or not data.endswith(b"\n") or bool(read.findings)


def _refused(path: str, stamp: Stamp, message: str, line: int = 0) -> _Read:
    finding = Finding.error(Origin(SOURCE, path, Anchor(line + 1)), message)
    return _Read(stamp, findings=(finding,), unreadable=frozenset((path,)))


def _parsed(path: str, stamp: Stamp, text: str, before: _Read | None, folder: str) -> _Read:
    """Parse the documents whose text is new; the others are the same objects, where they are now."""
    known: dict[str, list[Document]] = {}
    for said, document in zip(before.texts, before.documents, strict=True) if before is not None else ():
        known.setdefault(said, []).append(document)
    documents: list[Document] = []
    texts: list[str] = []
    findings: list[Finding] = []
    unreadable: set[str] = set()
    is_toml = path.endswith(TOML)
    language = located_toml.parse if is_toml else parse
    for index, piece in enumerate((Piece(0, text),) if is_toml else pieces(text)):
        if same := known.get(piece.text):
            document = same.pop(0)
            document.origin.anchor.move(piece.line + 1)
            documents.append(document)
            texts.append(piece.text)
            continue
        name = f"{path}#{index + 1}"
        try:
            data = _mapping(piece, language)
        except Malformed as error:
            origin = Origin(SOURCE, path, Anchor(piece.line + 1), error.line)
            findings.append(Finding.error(origin, error.message))
            unreadable.add(name)
        else:
            origin = Origin(SOURCE, path, Anchor(piece.line + 1))
            documents.append(
                Document(origin, Key("file", Name("", name)), KeptText(piece.text, data, language), folder)
            )
            texts.append(piece.text)
    return _Read(stamp, tuple(documents), tuple(texts), tuple(findings), frozenset(unreadable))


def _mapping(piece: Piece, language: Callable[[str], object]) -> LocatedMap:
    value = language(piece.text)
    if value is None:
        return LocatedMap(0)
    if not isinstance(value, LocatedMap):
        raise Malformed(getattr(value, "line", 0), "a document must be a mapping, such as services: {...}")
    return value
