"""`GET /v1/history` and `POST /v1/rollback`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from tulle.api.summary import VERSION
from tulle.store.base import Intent, Revision, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSummary:
    """One object of a revision."""

    kind: str
    namespace: str
    name: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSummary:
    """One change of what is stored."""

    version: str = VERSION
    revision: int
    time: datetime
    author: str
    message: str
    changes: tuple[ChangeSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Revisions, newest first."""

    version: str = VERSION
    revisions: tuple[RevisionSummary, ...]


class Rollback(BaseModel):
    """Back to which revision, and why."""

    model_config = ConfigDict(extra="forbid")

    revision: int
    author: str = "api"
    message: str = ""
    expected: int | None = None
    """Fail if the newest revision is another one."""


def summary_of_revision(revision: Revision) -> RevisionSummary:
    """A revision as the API shows it; kinds are short (`service`)."""
    return RevisionSummary(
        revision=revision.number,
        time=revision.time,
        author=revision.author,
        message=revision.message,
        changes=tuple(
            ChangeSummary(
                kind=change.key.kind.rpartition("/")[2],
                namespace=change.key.name.namespace,
                name=change.key.name.name,
                action=change.action.value,
            )
            for change in revision.changes
        ),
    )


def router(store: Store) -> APIRouter:
    """The resources, over a store."""
    routes = APIRouter(tags=["history"])

    @routes.get("/history")
    async def history(limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> History:
        """What was changed, by whom and when."""
        revisions = await asyncio.to_thread(store.history, limit)
        return History(revisions=tuple(summary_of_revision(revision) for revision in revisions))

    @routes.post("/rollback")
    async def rollback(wanted: Rollback) -> RevisionSummary:
        """Make everything that is stored what it was at a revision; this is a new revision."""
        message = wanted.message or f"roll back to revision {wanted.revision}"
        intent = Intent(author=wanted.author, message=message, expected=wanted.expected)
        return summary_of_revision(await asyncio.to_thread(store.rollback, wanted.revision, intent))

    return routes
