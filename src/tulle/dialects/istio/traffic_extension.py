"""`TrafficExtension`: a script in Lua, or a WebAssembly module, in the chain of some proxies."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from tulle.dialects.istio.wasm_plugin import Module, Placed, plugin, with_module
from tulle.dialects.objects import Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name


class Lua(ObjectSpec):
    """A script."""

    inline_code: str = Field(
        min_length=1,
        max_length=65536,
        description="The script, with the functions envoy_on_request, envoy_on_response or both.",
    )


class TrafficExtensionSpec(Placed):
    """What stands in a chain, and where."""

    wasm: Module | None = Field(None, description="A module.")
    lua: Lua | None = Field(None, description="A script.")


class TrafficExtension(Object):
    """A script or a module in the chain of some proxies."""

    spec: TrafficExtensionSpec = Field(description="What it is and where it stands.")


def read(part: Written) -> Fragment:
    """One extension."""
    found = validated(part, TrafficExtension)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec, own = found.spec, part.document.key.name
    if (spec.wasm is None) == (spec.lua is None):
        part.error(("spec",), "has to be one of wasm and lua")
    # A WasmPlugin may have the same name.
    made = plugin(part, Name(own.namespace, f"extension/{own.name}"), spec)
    if spec.wasm is not None:
        made = with_module(part, ("spec", "wasm"), spec.wasm, made)
    elif spec.lua is not None:
        made = replace(made, script=spec.lua.inline_code)
    return Fragment(objects=(made,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="extensions.istio.io",
    versions=("v1alpha1",),
    kind="TrafficExtension",
    schema=TrafficExtension,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/proxy_extensions/traffic_extension/",
)
