from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE, http
from tests.envoy.policies import guard
from tulle.envoy.filters import wasm
from tulle.envoy.filters.base import Chain, Side
from tulle.model.extensions import Direction, PluginPhase, WasmPlugin
from tulle.model.mesh import Settings
from tulle.model.names import Name


def plugin(name: str = "p", **more: Any) -> WasmPlugin:
    return WasmPlugin(name=Name("default", name), origin=HERE, file="/p.wasm", **more)


def placed(side: Side, *plugins: WasmPlugin, phase: PluginPhase = PluginPhase.UNSPECIFIED) -> list[str]:
    port = http(80) if side.guards else None
    chain = Chain(side=side, settings=Settings(), guard=guard(plugins=plugins), port=port)
    return [each.name for each in wasm.place(phase, chain)]


def test_no_guard_no_plugins() -> None:
    assert wasm.place(PluginPhase.AUTHN, Chain(side=Side.INBOUND, settings=Settings())) == ()


def test_every_phase_has_its_place() -> None:
    assert set(wasm.PHASES) == set(PluginPhase)
    assert placed(Side.INBOUND, plugin(phase=PluginPhase.AUTHN)) == []
    assert placed(Side.INBOUND, plugin(phase=PluginPhase.AUTHN), phase=PluginPhase.AUTHN) == ["wasm.p.default"]


def test_the_highest_priority_comes_first() -> None:
    given = (plugin("b"), plugin("a"), plugin("c", priority=2))
    assert placed(Side.INBOUND, *given) == ["wasm.c.default", "wasm.a.default", "wasm.b.default"]


@pytest.mark.parametrize(
    ("more", "inbound", "outbound"),
    [
        ({}, True, True),
        ({"direction": Direction.SERVER}, True, False),
        ({"direction": Direction.CLIENT}, False, True),
        ({"ports": (80,)}, True, False),
        ({"ports": (81,)}, False, False),
    ],
)
def test_plugins_are_for_a_side_and_for_ports(more: dict[str, Any], inbound: bool, outbound: bool) -> None:
    assert bool(placed(Side.INBOUND, plugin(**more))) is inbound
    assert bool(placed(Side.OUTBOUND, plugin(**more))) is outbound


def test_what_a_plugin_is_given() -> None:
    given = plugin(plugin_name="root", configuration='{"a": 1}', environment=(("K", "v"),), fails_open=True)
    assert as_json(wasm.config(given)) == {
        "name": "p.default",
        "root_id": "root",
        "vm_config": {
            "vm_id": "p.default",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": "/p.wasm"}},
            "environment_variables": {"key_values": {"K": "v"}},
        },
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": '{"a": 1}'},
        "failure_policy": "FAIL_OPEN",
    }
    bare = as_json(wasm.config(replace(given, configuration="", fails_open=False)))
    assert (bare["failure_policy"], "configuration" in bare) == ("FAIL_CLOSED", False)


def test_a_plugin_may_be_a_script() -> None:
    given = replace(plugin(), file="", script="function envoy_on_request(handle) end")
    assert placed(Side.GATEWAY, given) == ["lua.p.default"]
    chain = Chain(side=Side.GATEWAY, settings=Settings(), guard=guard(plugins=(given,)))
    (found,) = wasm.place(PluginPhase.UNSPECIFIED, chain)
    assert given.script.encode() in found.typed_config.value
