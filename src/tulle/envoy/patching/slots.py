"""Changes to a chain whose filters are delivered beside the listener: they mean the filters, and know of no slots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tulle.envoy import naming
from tulle.envoy.filters.base import HttpFilter

Contents: TypeAlias = Mapping[str, tuple[HttpFilter, ...]]
"""What is in slots, by their names."""
STANDS_FOR = {
    "custom": "envoy.filters.http.ext_authz",
    "rbac": "envoy.filters.http.rbac",
    "tokens": "envoy.filters.http.jwt_authn",
}
"""What Envoy calls that which routes may say something to in a slot."""


def filled(filters: Any, contents: Contents) -> list[Any]:
    """The chain with every filter in it; those of a slot stand behind it."""
    return [each for slot in filters for each in (slot, *contents.get(slot.name, ()))]


def emptied(filters: Any, contents: Contents) -> list[Any]:
    """The chain without what its slots bring. Filters that were changed, or are no longer in a row, stay in it."""
    found = list(filters)
    for slot in [each for each in filters if contents.get(each.name)]:
        found.remove(slot)
        inner = list(contents[slot.name])
        for index in range(len(found) - len(inner) + 1):
            if found[index : index + len(inner)] == inner:
                found[index : index + len(inner)] = [slot]
                break
    return found


def meant(name: str) -> str:
    """What Envoy calls the filter in a slot; empty for the names of other filters."""
    filters, slot, _ = name.partition(naming.SLOT)
    return STANDS_FOR.get(filters.partition(".")[0], "") if slot else ""
