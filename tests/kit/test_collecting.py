from __future__ import annotations

import gc

import pytest

from tulle.kit.collecting import MANY, YOUNG, collect_seldom, no_collection


def test_collection_waits_and_goes_on_even_after_an_error() -> None:
    with pytest.raises(ValueError, match="bug"), no_collection():
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
        raise ValueError("bug")
    assert gc.isenabled()


def test_a_process_collects_seldom_from_then_on() -> None:
    before = gc.get_threshold()
    try:
        collect_seldom()

        assert gc.get_threshold() == (YOUNG, *before[1:])
    finally:
        gc.set_threshold(*before)


def test_very_many_new_objects_are_looked_at_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    with no_collection():
        few = [[] for _ in range(10)]  # type: ignore[var-annotated]
    assert not frozen and few
    with no_collection():
        many = [[] for _ in range(MANY + 10_000)]  # type: ignore[var-annotated]
    assert frozen and many
