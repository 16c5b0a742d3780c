"""Documents of any language as one native file that behaves the same, and what is lost on the way. Pure.

What was written is read again and compared with what it should say: whatever differs becomes a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter

from tulle.dialects import registry
from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Key
from tulle.dialects.native.writing.document import Frame
from tulle.flow import comparing, edge_conversion
from tulle.flow.absent import Absent, absent
from tulle.flow.build import Builder
from tulle.flow.comparing import Loss
from tulle.flow.gathering import gathered
from tulle.flow.idle import unattached, unusable
from tulle.flow.losses import losses
from tulle.flow.relabelling import relabelled, renames
from tulle.flow.shortening import shortened, with_short_routes
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Origin
from tulle.model.documents import Key as DocumentKey
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.names import Name

FILE = "converted.yaml"
KEPT = frozenset(("core/secret", "core/configmap"))
"""Kinds that stay documents of their own: native files only refer to them."""

NOT_DECLARED = (
    "none of these files declares the service that it is about;"
    " say its port and where it is in the native file, where it stands as a comment"
)


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
    documents: tuple[Document, ...],
    findings: Iterable[Finding] = (),
    folder: str = "",
    always: tuple[Document, ...] = (),
) -> Converted:
    """The native file that says what documents say.

    Args:
        documents: they.
        findings: what is wrong with them already.
        folder: where paths in the file start.
        always: what routers may refer to, and nobody writes.
    """
    parts = edge_conversion.apart(documents)
    mesh = Builder().build((*documents, *always) if parts.edge else documents, findings)
    rest = parts.others if parts.edge else documents
    found, missing = _gathered(rest, Builder().build(rest) if parts.edge else mesh)
    content = relabelled(found)
    notes: dict[Key, tuple[str, ...]] = parts.notes()
    frame = Frame(folder=folder, notes=notes, edge=parts.edge)
    kept = kept_parts(documents)
    text = document.text(content, frame)
    lost = tuple(dict.fromkeys((*_lost(content, parts.edge, text, kept, folder), *_said(content))))
    for each in lost:
        notes[each.key] = (*notes.get(each.key, ()), f"Lost: {each.origin.subject} {each.message} ({each.origin})")
    found_wrong = (*mesh.findings, *map(_finding, lost), *_unsaid(found, missing), *_kept(kept))
    return Converted(
        text=document.text(content, replace(frame, notes=notes)),
        findings=tuple(dict.fromkeys(found_wrong)),
        lost=lost,
        is_complete=all(each.is_declared for each in content.offers),
        absent=missing,
        renames=renames(found, content),
    )


def _gathered(documents: tuple[Document, ...], mesh: Mesh) -> tuple[Content, tuple[Absent, ...]]:
    """What documents say, even of services that none of them declares."""
    fragments = [registry.read(part) for each in documents for part in registry.split(each)[0]]
    missing = absent(fragments, mesh)
    declared = chain.from_iterable(each.documents for each in missing)
    complete = with_short_routes(Builder().build((*documents, *declared)) if missing else mesh)
    objects = [each for fragment in fragments for each in fragment.objects]
    routes = [each for fragment in fragments for each in fragment.routes]
    listeners = [each for fragment in fragments for each in fragment.listeners]
    content = replace(
        gathered(complete, objects),
        unusable=unusable(complete, listeners),
        unattached=unattached(complete, routes),
        lost=tuple(losses(complete, objects)),
    )
    return shortened(content, complete), missing


def kept_parts(documents: Iterable[Document]) -> tuple[Document, ...]:
    """What stays beside the native file."""
    return tuple(part for each in documents for part in registry.split(each)[0] if part.key.kind in KEPT)


def read(text: str, folder: str = "") -> tuple[Document, ...]:
    """The documents of a native text."""
    found = []
    for index, piece in enumerate(pieces(text)):
        data = parse(piece.text)
        assert isinstance(data, LocatedMap)
        origin = Origin("converted", FILE, Anchor(piece.line + 1))
        found.append(Document(origin, DocumentKey(registry.FILE, Name("", f"{FILE}#{index}")), data, folder))
    return tuple(found)


def _lost(
    content: Content, edge: tuple[Document, ...], text: str, kept: tuple[Document, ...], folder: str
) -> Iterator[Loss]:
    """What the text does not say as the content does."""
    written = edge_conversion.apart(read(text, folder))
    yield from edge_conversion.lost(edge, written.edge)
    again = (*written.others, *kept)
    got, _ = _gathered(again, Builder().build(again))
    yield from comparing.lost(content, relabelled(got), _unreadable(again))


def _unreadable(documents: Iterable[Document]) -> dict[Key, str]:
    """Parts that could not be read again, and why."""
    found: dict[Key, str] = {}
    for each in documents:
        for part in registry.split(each)[0]:
            for error in filter(attrgetter("is_error"), registry.read(part).findings):
                found.setdefault((part.key.kind, part.key.name), error.message)
    return found


def _said(content: Content) -> Iterator[Loss]:
    for origin, message in content.lost:
        yield Loss(document.NOWHERE, origin, message)


def _finding(loss: Loss) -> Finding:
    return Finding.warning(loss.origin, f"{loss.origin.subject or 'mesh'}: {loss.message}")


def _unsaid(content: Content, missing: Iterable[Absent]) -> Iterator[Finding]:
    """What the native file needs to say beside what documents say."""
    for offer in content.offers:
        if not offer.is_declared:
            yield Finding.warning(offer.service.origin, f"{offer.service.origin.subject}: {NOT_DECLARED}")
    spoken = {each.service.name for each in content.offers if not each.is_declared}
    for each in (it for it in missing if not it.is_there and it.name not in spoken):
        message = f"none of these files declares service {each.name}, which it refers to"
        yield Finding.warning(each.origin, f"{each.origin.subject}: {message}")
    for template in content.templates:
        message = "says nothing of how it is run here; say command in the native file, where it stands as a comment"
        yield Finding.warning(template.origin, f"{template.origin.subject} {message}")


def _kept(kept: Iterable[Document]) -> Iterator[Finding]:
    for each in kept:
        message = "stays a document of its own; keep it beside the native file"
        yield Finding.warning(each.origin, f"{each.origin.subject} {message}")
