"""`/v1/objects`: everything that counts now, of files and of the store, and what became of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import yaml
from fastapi import APIRouter, Response

from tulle.api import edge_rows, kinds
from tulle.api.object_status import UNKNOWN, rendered
from tulle.api.problems import Problem
from tulle.api.summary import VERSION, OriginSummary
from tulle.flow.state import State
from tulle.kit.codec import encode
from tulle.model.documents import Document, Key
from tulle.model.mesh import Mesh
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE
from tulle.model.routers import INTERNAL, PROVIDER
from tulle.model.statuses import ObjectKey, Place
from tulle.store.base import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSummary:
    """One object, wherever it comes from."""

    kind: str
    namespace: str
    name: str
    text: str
    """YAML: as it was applied, or what its file says; with its status, if it has one."""
    status: dict[str, Any] | None
    """As its specification has it; null for kinds without."""
    revision: int | None
    """The revision of the store that wrote it; null for what files say."""
    folder: str
    """Absolute path that relative paths in it start from."""
    origin: OriginSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What counts now."""

    version: str = VERSION
    objects: tuple[ObjectSummary, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A consistent look at what there is."""

    documents: Sequence[Document]
    mesh: Mesh
    since: Mapping[ObjectKey, Mapping[Place, str]]


def router(state: State, store: Store) -> APIRouter:
    """The resources, over a running control plane and its store."""
    routes = APIRouter(tags=["objects"])

    def seen() -> _Seen:
        return _Seen(state.documents, state.mesh, state.since)

    @routes.get("/objects", response_model=Objects)
    async def objects(kind: str | None = None, namespace: str | None = None) -> Response:
        """Every object of a kind (or of all) in a namespace (or in all)."""
        wanted = None if kind is None else kinds.named(kind)
        body = await asyncio.to_thread(_listed, seen(), store, wanted, namespace)
        return Response(body, media_type="application/json")

    @routes.get("/objects/{kind}/{name:path}")
    async def one(kind: str, name: str, namespace: str = DEFAULT_NAMESPACE) -> ObjectSummary:
        """One object."""
        return await asyncio.to_thread(_one, seen(), store, kind, name, namespace)

    return routes


def _listed(seen: _Seen, store: Store, wanted: frozenset[str] | None, namespace: str | None) -> bytes:
    chosen = [
        part
        for part in seen.documents
        if (wanted is None or part.key.kind in wanted)
        and namespace in {None, part.key.name.namespace}
        and part.key.name.namespace != INTERNAL
    ]
    return encode(Objects(objects=tuple(_summaries(seen, chosen, store))))


def _one(seen: _Seen, store: Store, kind: str, name: str, namespace: str) -> ObjectSummary:
    """Raises Problem: there is none, or several kinds have this short name."""
    wanted, places = kinds.named(kind), {namespace, SYSTEM_NAMESPACE}
    found = [
        part
        for part in seen.documents
        if part.key.kind in wanted and part.key.name.name == name and part.key.name.namespace in places
    ]
    if not found and namespace == DEFAULT_NAMESPACE:
        # What providers say is found without them, too, if only one of them knows it.
        providers = [part for part in seen.documents if part.key.kind in wanted and _is_of_provider(part, name)]
        if len({part.key.name for part in providers}) == 1:
            found = providers
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, f'there is no {kind} "{name}" in namespace {namespace}')
    if len({part.key.kind for part in found}) > 1:
        names = " or ".join(dict.fromkeys(kinds.full(part.key.kind) for part in found))
        raise Problem(HTTPStatus.CONFLICT, f'several kinds have a "{name}" in namespace {namespace}; write {names}')
    return next(_summaries(seen, found, store))


def _is_of_provider(part: Document, name: str) -> bool:
    return part.key.name.name == name and part.key.name.namespace.startswith(PROVIDER)


def _summaries(seen: _Seen, parts: Sequence[Document], store: Store) -> Iterator[ObjectSummary]:
    is_stored = any(part.revision for part in parts)
    texts: dict[Key, str] = {each.key: each.text for each in store.objects()} if is_stored else {}
    is_edge = any(part.key.kind.startswith(kinds.PROTOCOLS) for part in parts)
    of_edge = edge_rows.statuses(seen) if is_edge else {}
    for part in parts:
        kind = str(part.data.get("kind", part.key.kind.rpartition("/")[2]))
        status = seen.mesh.statuses.get((kind, part.key.name))
        plain = of_edge.get(part.key)
        if status is not None:
            plain = rendered(
                kind, status, generation=_generation(part), since=seen.since.get((kind, part.key.name), UNKNOWN)
            )
        origin = part.origin
        yield ObjectSummary(
            kind=part.key.kind.rpartition("/")[2],
            namespace=part.key.name.namespace,
            name=part.key.name.name,
            text=_text(part, texts.get(part.key, "") if part.revision else "", plain),
            status=plain,
            revision=int(part.revision) if part.revision else None,
            folder=part.folder,
            origin=OriginSummary(source=origin.source, file=origin.file, line=origin.line, subject=origin.subject),
        )
        part.forget()


def _generation(part: Document) -> int:
    """`metadata.generation`, which conditions repeat as the one that they are about."""
    metadata = part.data.get("metadata")
    generation = metadata.get("generation") if isinstance(metadata, dict) else None
    return generation if isinstance(generation, int) else 1


def _text(part: Document, applied: str, status: dict[str, Any] | None) -> str:
    """What was applied, with its comments; or what the file says. A status in it is replaced by the true one."""
    data = json.loads(json.dumps(part.data))
    said = data.pop("status", None) if status is not None else None
    text = applied if applied and said is None else _dumped(data)
    return text if status is None else f"{text.rstrip()}\n{_dumped({'status': status})}"


def _dumped(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
