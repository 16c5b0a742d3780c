"""Documents of any language as one native file that behaves the same, and what is lost on the way. Pure.

What was written is read again and compared with what it should say: whatever differs becomes a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from tulle.dialects import registry
from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Key
from tulle.dialects.native.writing.document import Frame
from tulle.flow import comparing
from tulle.flow.absent import Absent, absent
from tulle.flow.build import Builder
from tulle.flow.comparing import Loss
from tulle.flow.gathering import Gathered, gathered, unattached
from tulle.flow.relabelling import relabelled, renames
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Origin
from tulle.model.documents import Key as DocumentKey
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
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
    lost: tuple[Loss, ...] = ()
    is_complete: bool = True
    """Whether documents declare the services that they say something about."""
    absent: tuple[Absent, ...] = ()
    """Services that they only refer to."""
    renames: Mapping[str, str] = field(default_factory=dict)
    """Names of services and listeners that a native file cannot have, as they are in compiled resources."""


def converted(
    documents: tuple[Document, ...], findings: Iterable[Finding] = (), folder: str = "", files: Mapping[str, str] = {}
) -> Converted:
    """The native file that says what documents say; paths in it start at `folder`."""
    mesh = Builder().build(documents, findings)
    found = _gathered(documents, mesh)
    content = relabelled(found.content)
    frame = Frame(folder=folder, files=files)
    kept = tuple(each for each in documents if each.data.get("kind") in KEPT)
    losses = tuple(dict.fromkeys((*_lost(content, document.text(content, frame), kept, folder), *_said(content))))
    notes: dict[Key, tuple[str, ...]] = {}
    for each in losses:
        notes[each.key] = (*notes.get(each.key, ()), f"Lost: {each.origin.subject} {each.message}")
    found_wrong = (*mesh.findings, *map(_finding, losses), *_unsaid(found), *_kept(kept))
    return Converted(
        text=document.text(content, replace(frame, notes=notes)),
        findings=tuple(dict.fromkeys(found_wrong)),
        lost=losses,
        is_complete=all(each.is_declared for each in content.offers),
        absent=found.absent,
        renames=renames(found.content, content),
    )


def _gathered(documents: tuple[Document, ...], mesh: Mesh) -> Gathered:
    """What documents say, even of services that none of them declares."""
    fragments = [registry.read(part) for each in documents for part in registry.split(each)[0]]
    missing = absent(fragments, mesh)
    complete = (
        Builder().build((*documents, *chain.from_iterable(each.documents for each in missing))) if missing else mesh
    )
    found = gathered(complete, [each for fragment in fragments for each in fragment.objects])
    rest = unattached(complete, [each for fragment in fragments for each in fragment.routes])
    return replace(found, absent=missing, content=replace(found.content, unattached=rest))


def read(text: str, folder: str = "") -> tuple[Document, ...]:
    """The documents of a native text."""
    found = []
    for index, piece in enumerate(pieces(text)):
        data = parse(piece.text)
        assert isinstance(data, LocatedMap)
        origin = Origin("converted", FILE, Anchor(piece.line + 1))
        found.append(Document(origin, DocumentKey(registry.FILE, Name("", f"{FILE}#{index}")), data, folder))
    return tuple(found)


def _lost(content: Content, text: str, kept: tuple[Document, ...], folder: str) -> Iterator[Loss]:
    """What the text does not say as the content does."""
    again = (*read(text, folder), *kept)
    got = relabelled(_gathered(again, Builder().build(again)).content)
    yield from comparing.lost(content, got, _unreadable(again))


def _unreadable(documents: Iterable[Document]) -> dict[Key, str]:
    """Parts that could not be read again, and why."""
    found: dict[Key, str] = {}
    for each in documents:
        for part in registry.split(each)[0]:
            for finding in registry.read(part).findings:
                if finding.is_error:
                    found.setdefault((part.key.kind, part.key.name), finding.message)
    return found


def _said(content: Content) -> Iterator[Loss]:
    for origin, message in content.lost:
        yield Loss(("", comparing.NOWHERE), origin, message)


def _finding(loss: Loss) -> Finding:
    return Finding.warning(loss.origin, f"{loss.origin.subject or 'mesh'}: {loss.message}")


def _unsaid(found: Gathered) -> Iterator[Finding]:
    """What the native file needs to say beside what documents say."""
    for offer in found.content.offers:
        if not offer.is_declared:
            message = "none of these files declares the service that it is about; say in the native file where it is"
            yield Finding.warning(offer.service.origin, f"{offer.service.origin.subject}: {message}")
    for each in found.absent:
        message = f"none of these files declares service {each.name}, which it refers to"
        yield Finding.warning(each.origin, f"{each.origin.subject}: {message}")
    for template in found.content.templates:
        message = "says nothing of how it is run here; say command in the native file, where it stands as a comment"
        yield Finding.warning(template.origin, f"{template.origin.subject} {message}")


def _kept(kept: Iterable[Document]) -> Iterator[Finding]:
    for each in kept:
        for part in registry.split(each)[0]:
            message = "stays a document of its own; keep it beside the native file"
            yield Finding.warning(part.origin, f"{part.origin.subject} {message}")
