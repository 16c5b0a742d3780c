"""Documents of any language as one native file that behaves the same, and what is lost on the way. Pure.

What was written is read again and compared with what it should say: whatever differs becomes a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tulle.dialects import registry
from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Key
from tulle.dialects.native.writing.document import Frame
from tulle.flow import comparing
from tulle.flow.build import Builder
from tulle.flow.gathering import Gathered, gathered
from tulle.flow.relabelling import relabelled
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Origin
from tulle.model.documents import Key as DocumentKey
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh, Object
from tulle.model.names import Name

FILE = "converted.yaml"
KEPT = frozenset(("Secret", "ConfigMap"))
"""Kinds that stay documents of their own: native files only refer to them."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The native file."""

    text: str
    findings: tuple[Finding, ...]
    """What is wrong with the documents, and what is lost."""
    content: Content


def converted(
    documents: tuple[Document, ...], findings: Iterable[Finding] = (), folder: str = "", files: Mapping[str, str] = {}
) -> Converted:
    """The native file that says what documents say; paths in it start at `folder`."""
    mesh = Builder().build(documents, findings)
    found = gathered(mesh, objects(documents))
    content = relabelled(found.content)
    frame = Frame(folder=folder, files=files)
    first = document.text(content, frame)
    kept = tuple(each for each in documents if each.data.get("kind") in KEPT)
    lost = tuple(dict.fromkeys((*_lost(content, first, kept, folder), *_said(content))))
    notes: dict[Key, tuple[str, ...]] = {}
    for key, _, message in lost:
        notes[key] = (*notes.get(key, ()), f"Lost: {message}")
    text = document.text(content, replace(frame, notes=notes)) if notes else first
    return Converted(_headed(text, found, kept), (*mesh.findings, *_findings(lost), *_kept(kept)), content)


def objects(documents: Iterable[Document]) -> list[Object]:
    """What documents say apart from their traffic."""
    found: list[Object] = []
    for each in documents:
        parts, _ = registry.split(each)
        for part in parts:
            fragment = registry.read(part)
            found += fragment.objects if fragment.is_usable else ()
    return found


def read(text: str, folder: str = "") -> tuple[Document, ...]:
    """The documents of a native text."""
    found = []
    for index, piece in enumerate(pieces(text)):
        data = parse(piece.text)
        assert isinstance(data, LocatedMap)
        origin = Origin("converted", FILE, Anchor(piece.line + 1))
        found.append(Document(origin, DocumentKey(registry.FILE, Name("", f"{FILE}#{index}")), data, folder))
    return tuple(found)


Loss = tuple[Key, Origin, str]


def _lost(content: Content, text: str, kept: tuple[Document, ...], folder: str) -> Iterable[Loss]:
    """What the text does not say as the content does."""
    again = (*read(text, folder), *kept)
    mesh = Builder().build(again)
    for finding in _problems(again):
        yield ("", comparing.NOWHERE), content.settings.origin, finding
    yield from comparing.lost(content, relabelled(gathered(mesh, objects(again)).content))


def _problems(documents: Iterable[Document]) -> Iterable[str]:
    """Parts that could not be read again."""
    for each in documents:
        for part in registry.split(each)[0]:
            yield from (finding.message for finding in registry.read(part).findings if finding.is_error)


def _said(content: Content) -> Iterable[Loss]:
    for origin, message in content.lost:
        yield ("", comparing.NOWHERE), origin, message


def _findings(lost: Iterable[Loss]) -> Iterable[Finding]:
    for key, origin, message in lost:
        subject = f"{origin.subject}: " if origin.subject else ""
        words = message if key[0] == "" else f"the native file does not say {message} as it was"
        yield Finding.warning(origin, f"{subject}{words}")


def _kept(kept: Iterable[Document]) -> Iterable[Finding]:
    for each in kept:
        for part in registry.split(each)[0]:
            message = f"{part.origin.subject} stays a document of its own; keep it beside the native file"
            yield Finding.warning(part.origin, message)


def _headed(text: str, found: Gathered, kept: tuple[Document, ...]) -> str:
    return text


__all__ = ["Converted", "Mesh", "converted", "objects", "read"]
