from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]
ENTRY = {"revision": 5, "time": "2026-01-02T03:04:05Z", "author": "ann", "message": "why", "changes": []}


def test_revisions_are_a_table(tulle: Tulle, plane: Any) -> None:
    plane.says({"revisions": [ENTRY]})
    done = tulle("history", "-n", "5")
    assert "ann" in done.out and "why" in done.out
    assert plane.asked[-1][1] == "/v1/history?limit=5"


def test_an_empty_history_says_how_to_begin(tulle: Tulle, plane: Any) -> None:
    plane.says({"revisions": []})
    assert "tulle apply" in tulle("history").err


def test_programs_get_the_document(tulle: Tulle, plane: Any) -> None:
    plane.says({"revisions": [ENTRY]})
    assert json.loads(tulle("history", "-o", "json").out) == {"revisions": [ENTRY]}
