"""Finds the dialects: every package of `tulle.dialects` with a `DIALECT` in its module `dialect`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from types import MappingProxyType

import tulle.dialects
from tulle.dialects import foreign
from tulle.dialects.base import Dialect, Split, claiming
from tulle.dialects.objects import ObjectDialect, listed
from tulle.model.documents import Document, Key
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

FILE = "file"
"""The kind of a whole document as a source fetched it; every other kind is `<dialect>/<kind>`."""
REST = "native"
"""The dialect that claims what no other does."""
LIST = "List"
"""What `kubectl get -o yaml` writes: several objects in one document."""
NOTHING_KNOWN: Mapping[Key, Document] = MappingProxyType({})


@cache
def dialects() -> Mapping[str, Dialect]:
    """Every dialect by its name."""
    packages = (entry.name for entry in pkgutil.iter_modules(tulle.dialects.__path__) if entry.ispkg)
    modules = [f"tulle.dialects.{name}.dialect" for name in sorted(packages)]
    found: list[Dialect] = [import_module(name).DIALECT for name in modules if find_spec(name)]
    found.sort(key=lambda dialect: dialect.name == REST)
    return MappingProxyType({dialect.name: dialect for dialect in found})


@cache
def kinds() -> Mapping[str, str]:
    """Every kind of every dialect, `<dialect>/<kind>`, with its API group (empty where there is none)."""
    found = (kind for dialect in dialects().values() for kind in dialect.kinds.items())
    return MappingProxyType({name: getattr(kind, "group", "") for name, kind in found})


def split(document: Document, known: Mapping[Key, Document] = NOTHING_KNOWN) -> Split:
    """Cut a document into parts that each have a meaning of their own.

    `known` are the parts of its last version: those that did not change are returned as the same objects. A document
    that already is a part (as the store keeps them) is returned as it is.
    """
    if document.key.kind.partition("/")[0] in dialects():
        return (document,), ()
    if document.data.get("kind") == LIST and "items" in document.data:
        items, wrong = listed(document)
        splits = [split(item, known) for item in items]
        parts = tuple(chain.from_iterable(parts for parts, _ in splits))
        return parts, (*wrong, *chain.from_iterable(findings for _, findings in splits))
    dialect = claiming(dialects().values(), document.data)
    if dialect is not None:
        return dialect.split(document, known)
    return (), (_unclaimed(document),)


def language(document: Document) -> str:
    """The dialect of a document, or of the first object of a list; empty if there is none."""
    items = document.data.get("items")
    first = items[0] if document.data.get("kind") == LIST and isinstance(items, list) and items else document.data
    dialect = claiming(dialects().values(), first) if isinstance(first, dict) else None
    return dialect.name if dialect is not None else ""


def _unclaimed(document: Document) -> Finding:
    if "kind" in document.data or "apiVersion" in document.data:
        mine = (dialect for dialect in dialects().values() if isinstance(dialect, ObjectDialect))
        return foreign.finding(document, chain.from_iterable(dialect.kinds.values() for dialect in mine))
    message = "this document is in no language that is known here; it begins like nothing of the reference"
    return Finding.error(document.origin, message)


def is_policy(part: Document) -> bool:
    """Whether a part says who may do what, so that something is open without it."""
    kind = dialects()[part.key.kind.partition("/")[0]].kinds.get(part.key.kind)
    return getattr(kind, "is_policy", False)


def read(part: Document) -> Fragment:
    """The meaning of one part.

    A part that a dialect fails at is a finding like any other mistake: no document may end the control plane.
    """
    try:
        return dialects()[part.key.kind.partition("/")[0]].read(part)
    except Exception as error:
        message = f"{part.origin.subject} cannot be read, and this is a mistake of tulle: {error!r}"
        return Fragment(findings=(Finding.error(part.origin, message),))
