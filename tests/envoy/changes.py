"""Changes to compiled resources in a few lines, for tests."""

from __future__ import annotations

import json
from typing import Any

from tulle.model.documents import Origin
from tulle.model.extensions import EnvoyPatches, Patch, PatchContext, PatchMatch, PatchOperation, PatchPlace
from tulle.model.names import Name

HERE = Origin("file", "patches.yaml")
LUA = {
    "name": "envoy.filters.http.lua",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"},
}
MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = "envoy.filters.http.router"


def change(place: str, operation: str, value: object = None, context: str = "ANY", **more: Any) -> Patch:
    """One change; what it matches is given by the fields of `PatchMatch`."""
    fields = {name: more.pop(name) for name in list(more) if name in PatchMatch.__dataclass_fields__}
    return Patch(
        origin=HERE,
        place=PatchPlace(place),
        operation=PatchOperation(operation),
        context=PatchContext(context),
        match=PatchMatch(**fields),
        value="" if value is None else json.dumps(value, sort_keys=True),
        **more,
    )


def changes(*patches: Patch, name: str = "it", namespace: str = "default", **more: Any) -> EnvoyPatches:
    """The changes of one document."""
    return EnvoyPatches(name=Name(namespace, name), origin=HERE, patches=patches, **more)


def lua(operation: str, **more: Any) -> Patch:
    """A Lua filter put into chains."""
    return change("HTTP_FILTER", operation, LUA, **more)
