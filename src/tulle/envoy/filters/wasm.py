"""Plugins: WebAssembly modules from local files, and scripts, in the place of the chain that they ask for."""

from __future__ import annotations

from functools import partial

from envoy.config.core.v3 import base_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.extensions.filters.http.wasm.v3 import wasm_pb2 as http_pb2
from envoy.extensions.wasm.v3 import wasm_pb2
from google.protobuf import wrappers_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active
from tulle.model.extensions import Direction, PluginPhase, WasmPlugin

NAME, SCRIPT = "wasm", "lua"
RUNTIME = "envoy.wasm.runtime.v8"
PHASES = {
    PluginPhase.AUTHN: Phase.PLUGIN_AUTHN,
    PluginPhase.AUTHZ: Phase.PLUGIN_AUTHZ,
    PluginPhase.STATS: Phase.PLUGIN_STATS,
    PluginPhase.UNSPECIFIED: Phase.PLUGIN,
}


def place(phase: PluginPhase, chain: Chain) -> tuple[HttpFilter, ...]:
    """The plugins of one phase, those of the highest priority first."""
    plugins = chain.guard.plugins if chain.guard else ()
    ours = [each for each in plugins if each.phase is phase and _fits(each, chain)]
    ours.sort(key=lambda each: (-each.priority, str(each.name)))
    return tuple(_filter(each) for each in ours)


def _filter(plugin: WasmPlugin) -> HttpFilter:
    if plugin.script:
        code = base_pb2.DataSource(inline_string=plugin.script)
        return active(f"{SCRIPT}.{plugin.name}", lua_pb2.Lua(default_source_code=code))
    return active(f"{NAME}.{plugin.name}", http_pb2.Wasm(config=config(plugin)))


def config(plugin: WasmPlugin) -> wasm_pb2.PluginConfig:
    """One plugin in a virtual machine of its own."""
    machine = wasm_pb2.VmConfig(vm_id=str(plugin.name), runtime=RUNTIME)
    machine.code.local.filename = plugin.file
    machine.environment_variables.key_values.update(dict(plugin.environment))
    failure = wasm_pb2.FAIL_OPEN if plugin.fails_open else wasm_pb2.FAIL_CLOSED
    message = wasm_pb2.PluginConfig(
        name=str(plugin.name), root_id=plugin.plugin_name, vm_config=machine, failure_policy=failure
    )
    if plugin.configuration:
        message.configuration.CopyFrom(protos.packed(wrappers_pb2.StringValue(value=plugin.configuration)))
    return message


def _fits(plugin: WasmPlugin, chain: Chain) -> bool:
    """Whether it is for this side and port. Calls of an application share one chain, whatever port they go to."""
    if plugin.direction not in {Direction.ANY, chain.side.direction}:
        return False
    return not plugin.ports or (chain.port is not None and chain.port.number in plugin.ports)


FILTERS = tuple(Filter(name=NAME, phase=phase, place=partial(place, asked)) for asked, phase in PHASES.items())
