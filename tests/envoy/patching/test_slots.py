from __future__ import annotations

import pytest

from tulle.envoy.filters.base import HttpFilter
from tulle.envoy.patching import slots

SLOT, EMPTY, LUA, ROUTER = (HttpFilter(name=name) for name in ("rbac@l", "tokens@l", "lua", "router"))
ONE, TWO = HttpFilter(name="rbac.deny"), HttpFilter(name="rbac.allow")
CONTENTS = {"rbac@l": (ONE, TWO), "tokens@l": ()}
CHANGED = HttpFilter(name="rbac.deny", disabled=True)


def test_filters_of_a_slot_stand_behind_it() -> None:
    assert slots.filled([EMPTY, SLOT, ROUTER], CONTENTS) == [EMPTY, SLOT, ONE, TWO, ROUTER]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([EMPTY, SLOT, ONE, TWO, ROUTER], [EMPTY, SLOT, ROUTER]),
        ([LUA, EMPTY, SLOT, LUA, ONE, TWO, LUA, ROUTER], [LUA, EMPTY, LUA, SLOT, LUA, ROUTER]),
        ([EMPTY, SLOT, ONE, LUA, TWO, ROUTER], [EMPTY, ONE, LUA, TWO, ROUTER]),
        ([EMPTY, SLOT, CHANGED, TWO, ROUTER], [EMPTY, CHANGED, TWO, ROUTER]),
        ([EMPTY, SLOT, ROUTER], [EMPTY, ROUTER]),
    ],
)
def test_what_was_not_changed_is_taken_out_again(after: list[HttpFilter], expected: list[HttpFilter]) -> None:
    assert slots.emptied(after, CONTENTS) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tokens@gateway|a", "envoy.filters.http.jwt_authn"),
        ("custom.p@x@inbound|a", "envoy.filters.http.ext_authz"),
        ("rbac", ""),
        ("x@y", ""),
    ],
)
def test_what_routes_may_mean(name: str, expected: str) -> None:
    assert slots.meant(name) == expected
