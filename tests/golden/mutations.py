"""Documents that people might write: every golden case, with one value of it changed to something extreme."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

GOLDEN = Path(__file__).parent
Step = str | int
Path_ = tuple[Step, ...]
NUMBERS = (0, -1, 1, 99, 2**31, 2**32 - 1, 2**32, 2**63, 10**30, 0.5, 1e-9, 1e300)
TEXTS = (
    "0s", "1ns", "1ms", "24h", "315576000001s", "99999999999999999999h", "0", "1%", "100.5%", "",
    "a" * 70, "x" * 20_000, "\u00fc\u0436\u4e2d", "a\nb: c", "a\0b", "%", "%REQ(x)%", "%%", "a b", ":path", "host", "*",
    "**", "*.example.org", "a.b.c", ".", "/", "//", "http://x", "127.0.0.1", "999.1.1.1", "::1", "10.0.0.0/8", "unix:///a",
    "{", "{{}}", "{x}", "/{x=**}/a", "(", "a{1001}", r"\pL+", "(?:a{100}){100}", "true", "null",
    "GET", "\\1", "-", "_", "A", "a,b",
    "content-length", "connection", "x-envoy-a", "grpc-status", "$", "\r", "\t", "'", '"', "[", "a:99999", "a:b",
    "/" + "x" * 20_000, "a" * 1890, "(?i)" + "a" * 1880, "x" * 20_000 + ".org", "a.b.", "/a/../b", "/a%2fb", "/a?b#c",
    "a=b", "1.5", "65536", "0x10", "1e9", "100%", "-1s", "1d", "1h1ms", "10.0.0.1:80", "[::1]:80", "10.0.0.0/33",
    "fe80::1%eth0", "%DOWNSTREAM_REMOTE_ADDRESS%", "%BAD(", "user-agent:", "TRUE", "@", "a|b", "a/b/c",
    "*/*", "./*", "~/*",
)  # fmt: skip
REPEATS = 300
"""Of items of a list."""


@dataclass(frozen=True)
class Mutation:
    """One changed value."""

    case: str
    path: Path_
    """Beginning with the number of the document."""
    what: object

    def __str__(self) -> str:
        return f"{self.case} {'/'.join(map(str, self.path))}: {str(self.what)[:60]!r}"


REMOVED, REPEATED = "<removed>", "<repeated>"


@cache
def cases() -> dict[str, tuple[Any, ...]]:
    """The documents of every golden case, as plain values."""
    found = {}
    for file in sorted(GOLDEN.glob("*/*/in.yaml")):
        documents = [parse(piece.text) for piece in pieces(file.read_text())]
        found[str(file.parent.relative_to(GOLDEN))] = tuple(json.loads(json.dumps(each)) for each in documents)
    return found


@cache
def mutations() -> tuple[Mutation, ...]:
    """All there are, in a stable order."""
    return tuple(
        Mutation(case, path, what)
        for case, documents in cases().items()
        for path, value in _walk(documents, ())
        for what in _changes(value)
    )


def mutated(mutation: Mutation) -> tuple[Document, ...]:
    """The documents of its case."""
    documents = copy.deepcopy(list(cases()[mutation.case]))
    *way, last = mutation.path
    holder: Any = documents
    for step in way:
        holder = holder[step]
    if mutation.what is REMOVED:
        del holder[last]
    elif mutation.what is REPEATED:
        holder[last] = holder[last] * REPEATS
    else:
        holder[last] = mutation.what
    return tuple(document(each, index) for index, each in enumerate(documents))


def document(data: Any, index: int) -> Document:
    """As a source of files yields it."""
    read = parse(json.dumps(data))
    assert isinstance(read, dict)
    return Document(Origin("file", "in.yaml", Anchor(1)), Key("file", Name("", f"in.yaml#{index}")), read, "/folder")


def _walk(value: Any, path: Path_) -> Iterator[tuple[Path_, Any]]:
    if len(path) > 1 and path[-1] not in {"apiVersion", "kind"}:
        yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _walk(each, (*path, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _walk(each, (*path, index))


def _changes(value: Any) -> Iterator[object]:
    yield REMOVED
    if isinstance(value, list):
        yield []
        if value:
            yield REPEATED
    elif isinstance(value, dict):
        yield {}
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from NUMBERS
    else:
        yield from TEXTS
        yield from (0, -1, 10**30)
