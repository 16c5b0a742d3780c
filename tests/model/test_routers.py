from __future__ import annotations

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name
from tulle.model.routers import Reference, Router
from tulle.model.routes import RouteKind


def test_references_are_the_same_wherever_they_are_written() -> None:
    name = Name("@file", "a")
    assert Reference(name) == Reference(name, Origin("file", "b.yml"))


def test_routers_are_compared_by_identity() -> None:
    first, second = (Router(name=Name("@file", "a"), origin=BUILT_IN, kind=RouteKind.HTTP) for _ in range(2))
    assert first != second
    assert first.alternatives == ((),)
