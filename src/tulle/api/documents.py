"""`/v1/documents`: what is stored. Everything that is sent together is stored together, or nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from tulle.api import applying, kinds
from tulle.api.applying import Reading, Sent
from tulle.api.history import RevisionSummary, summary_of_revision
from tulle.api.problems import Problem
from tulle.api.summary import VERSION, FindingSummary, summary_of_findings
from tulle.flow.state import State
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE
from tulle.store.base import Intent, Store, Stored


class SentFile(BaseModel):
    """One file."""

    model_config = ConfigDict(extra="forbid")

    text: str
    path: str = "(sent)"
    """As the user calls it: findings name it."""
    folder: str = ""
    """Absolute path that relative paths in it start from."""


class Apply(BaseModel):
    """Files whose objects are to be stored, and why."""

    model_config = ConfigDict(extra="forbid")

    files: list[SentFile]
    author: str = "api"
    message: str = ""
    expected: int | None = None
    """Fail if the newest revision is another one."""
    dry_run: bool = False
    """Only say what is wrong; store nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The revision that was made; without changes if all was as it is already."""

    version: str = VERSION
    revision: RevisionSummary | None
    """Null for a dry run."""
    findings: tuple[FindingSummary, ...]
    """Warnings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSummary:
    """One stored object."""

    kind: str
    namespace: str
    name: str
    revision: int
    """The revision that wrote it."""
    text: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What is stored."""

    version: str = VERSION
    revision: int
    """As of this revision."""
    objects: tuple[ObjectSummary, ...]


def router(state: State, store: Store) -> APIRouter:
    """The resources, over a running control plane and its store."""
    routes = APIRouter(tags=["documents"])

    @routes.get("/documents")
    async def documents(
        kind: str | None = None,
        namespace: str | None = None,
        revision: Annotated[int | None, Query(ge=0)] = None,
    ) -> Objects:
        """Everything that is stored, or what was stored at a revision."""
        wanted = None if kind is None else kinds.named(kind)
        number, found = await asyncio.to_thread(_state, store, revision)
        chosen = [
            _summary(stored)
            for stored in found
            if (wanted is None or stored.key.kind in wanted) and namespace in {None, stored.key.name.namespace}
        ]
        return Objects(revision=number, objects=tuple(chosen))

    @routes.get("/documents/{kind}/{name:path}")
    async def document(kind: str, name: str, namespace: str = DEFAULT_NAMESPACE) -> ObjectSummary:
        """One object."""
        return _summary(await asyncio.to_thread(_one, store, kind, name, namespace))

    @routes.post("/documents", responses={422: {"description": "Findings; nothing was stored."}})
    async def apply(wanted: Apply) -> Applied:
        """Store every object of the files in one revision; or none, if any of them has an error."""
        sent = [Sent(text=file.text, path=file.path, folder=file.folder) for file in wanted.files]
        reading = await asyncio.to_thread(applying.read, sent)
        _refuse_errors(reading)
        said = await asyncio.to_thread(applying.said_elsewhere, reading, state.documents)
        revision = None
        if not wanted.dry_run:
            intent = Intent(author=wanted.author, message=wanted.message, expected=wanted.expected)
            revision = summary_of_revision(await asyncio.to_thread(store.apply, reading.objects, intent))
        return Applied(revision=revision, findings=summary_of_findings((*reading.findings, *said)))

    @routes.delete("/documents/{kind}/{name:path}")
    async def delete(
        kind: str,
        name: str,
        namespace: str = DEFAULT_NAMESPACE,
        author: str = "api",
        message: str = "",
        expected: int | None = None,
    ) -> RevisionSummary:
        """Remove one object, in a new revision."""
        stored = await asyncio.to_thread(_one, store, kind, name, namespace)
        intent = Intent(author=author, message=message or f"delete {kind} {name}", expected=expected)
        return summary_of_revision(await asyncio.to_thread(store.delete, [stored.key], intent))

    return routes


def _state(store: Store, revision: int | None) -> tuple[int, tuple[Stored, ...]]:
    number = store.revision if revision is None else revision
    return number, store.objects(number)


def _one(store: Store, kind: str, name: str, namespace: str) -> Stored:
    """Raises Problem: there is none, or several kinds have this short name."""
    wanted = kinds.named(kind)
    found: Sequence[Stored] = [
        stored
        for stored in store.objects()
        if stored.key.kind in wanted and stored.key.name.name == name and _is_in(stored, namespace)
    ]
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, f'there is no {kind} "{name}" in namespace {namespace} of the store')
    if len(found) > 1:
        names = " or ".join(kinds.full(each.key.kind) for each in found)
        raise Problem(HTTPStatus.CONFLICT, f'several kinds have a "{name}" in namespace {namespace}; write {names}')
    return found[0]


def _is_in(stored: Stored, namespace: str) -> bool:
    """Whether an object is in a namespace, or belongs to none."""
    return stored.key.name.namespace in {namespace, SYSTEM_NAMESPACE}


def _refuse_errors(reading: Reading) -> None:
    errors = [finding for finding in reading.findings if finding.is_error]
    if errors:
        count = "there is 1 error" if len(errors) == 1 else f"there are {len(errors)} errors"
        detail = f"nothing was stored, for {count}:\n" + "\n".join(map(str, errors[:20]))
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, summary_of_findings(reading.findings))


def _summary(stored: Stored) -> ObjectSummary:
    return ObjectSummary(
        kind=stored.key.kind.rpartition("/")[2],
        namespace=stored.key.name.namespace,
        name=stored.key.name.name,
        revision=stored.revision,
        text=stored.text,
        folder=stored.folder,
    )
