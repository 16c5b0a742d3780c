from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]
MADE = {"revision": 6, "changes": [{"kind": "mesh", "namespace": "default", "name": "mesh", "action": "changed"}]}


def test_a_revision_is_made_that_is_like_an_earlier_one(tulle: Tulle, plane: Any) -> None:
    plane.says(MADE)
    done = tulle("rollback", "3", "-m", "slow")
    assert (done.code, done.out) == (0, "revision 6\n~ mesh mesh\n")
    body = json.loads(plane.asked[-1][3])
    assert (body["revision"], body["message"]) == (3, "slow")


def test_programs_get_the_revision(tulle: Tulle, plane: Any) -> None:
    plane.says(MADE)
    assert json.loads(tulle("rollback", "3", "-o", "json").out) == MADE


def test_a_revision_is_a_number(tulle: Tulle) -> None:
    assert tulle("rollback", "last").code == 2
