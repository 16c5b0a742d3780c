"""The vocabulary of stores."""

from __future__ import annotations

from tulle.store.base import Conflict, StoreError, StoreUnusable, UnknownRevision


def test_every_refusal_of_a_store_can_be_caught_as_one() -> None:
    assert all(issubclass(error, StoreError) for error in (Conflict, UnknownRevision, StoreUnusable))
