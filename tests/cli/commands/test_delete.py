from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tulle.cli import stored

Tulle = Callable[..., Any]
MADE = {"revision": 5, "changes": [{"kind": "service", "namespace": "team", "name": "web", "action": "removed"}]}


def test_an_object_is_deleted(tulle: Tulle, plane: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(stored, "author", lambda: "ann")
    plane.says(MADE)
    done = tulle("delete", "service", "web", "-n", "team", "-m", "gone")
    assert (done.code, done.out) == (0, "revision 5\n- service web.team\n")
    assert plane.asked[-1][:2] == ("DELETE", "/v1/documents/service/web?namespace=team&author=ann&message=gone")


def test_programs_get_the_revision(tulle: Tulle, plane: Any) -> None:
    plane.says(MADE)
    assert json.loads(tulle("delete", "service", "web.team", "-o", "json").out) == MADE
