from __future__ import annotations

from tulle.sources.base import Batch


def test_a_source_without_documents_has_an_empty_batch() -> None:
    assert Batch() == Batch((), (), frozenset())
