"""`WasmPlugin`: a WebAssembly module in the chain of some proxies, from a file on their hosts."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import PortNumber
from tulle.dialects.istio.selection import Attached, labels, targets
from tulle.dialects.istio.telemetry import Mode
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, Refused, labels_of, validated
from tulle.dialects.written import Step, Written
from tulle.model.extensions import Direction, PluginPhase, WasmPlugin
from tulle.model.mesh import Fragment
from tulle.model.names import Name

FILE_SCHEME = "file://"
PHASE = "EXECUTION_PHASE_"
"""Begins the words of phases in a newer version of the language."""
NOTHING_TO_PULL = Refused("has no effect: the module is a local file, nothing is pulled")


class PullPolicy(StrEnum):
    """When a module is pulled."""

    UNSPECIFIED_POLICY = "UNSPECIFIED_POLICY"
    IF_NOT_PRESENT = "IfNotPresent"
    ALWAYS = "Always"


class FailStrategy(StrEnum):
    """What happens to requests when a module fails."""

    FAIL_CLOSE = "FAIL_CLOSE"
    FAIL_OPEN = "FAIL_OPEN"
    FAIL_RELOAD = "FAIL_RELOAD"


class PluginType(StrEnum):
    """What a module sees."""

    UNSPECIFIED_PLUGIN_TYPE = "UNSPECIFIED_PLUGIN_TYPE"
    HTTP = "HTTP"
    NETWORK = "NETWORK"


class ValueSource(StrEnum):
    """Where the value of a variable comes from."""

    INLINE = "INLINE"
    HOST = "HOST"


class EnvVar(ObjectSpec):
    """A variable that a module sees."""

    name: str = Field(min_length=1, description="Name of the variable.")
    value_from: ValueSource = Field(
        ValueSource.INLINE, strict=False, description="INLINE: from `value`; HOST: from the environment of the proxy."
    )
    value: str = Field("", description="Its value.")


class VmConfig(ObjectSpec):
    """The machine that a module runs in."""

    env: Items[EnvVar] = Field((), description="Its environment.")


class PortSelector(ObjectSpec):
    """A port."""

    number: PortNumber = Field(description="Number of the port.")


class TrafficSelector(ObjectSpec):
    """Requests that pass a module."""

    mode: Mode = Field(Mode.CLIENT_AND_SERVER, strict=False, description="Calls of the workload, calls to it, or both.")
    ports: Items[PortSelector] = Field((), description="Ports that are called; without: any.")


def _phase(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(PHASE):
        return value
    word = value.removeprefix(PHASE)
    return PluginPhase.UNSPECIFIED if word == "UNSPECIFIED" else word


class Module(ObjectSpec):
    """A module and how it runs."""

    url: Annotated[
        str, Differs("Only `file://` and absolute paths, on the hosts of the proxies: nothing is downloaded.")
    ] = Field(min_length=1, description="Where the module is.")
    sha256: Annotated[str, Refused("has no effect: a local file is used as it is", ("",))] = Field(
        "", description="Digest of the module."
    )
    image_pull_policy: Annotated[PullPolicy | None, Field(strict=False), NOTHING_TO_PULL] = Field(
        None, description="When a module is pulled."
    )
    image_pull_secret: Annotated[str, NOTHING_TO_PULL] = Field("", description="Credentials for pulling.")
    verification_key: Annotated[str, Refused("has no effect: a local file is used as it is", ("",))] = Field(
        "", description="Key of the signature of a module."
    )
    plugin_config: dict[str, Any] | None = Field(None, description="Configuration that the module gets, as JSON.")
    plugin_name: str = Field("", description="Name of the plugin in the module (root id).")
    fail_strategy: Annotated[FailStrategy, Differs("FAIL_RELOAD is FAIL_CLOSE, with a finding.")] = Field(
        FailStrategy.FAIL_CLOSE, strict=False, description="Whether requests pass when the module fails."
    )
    vm_config: VmConfig | None = Field(None, description="The machine that it runs in.")
    type: Annotated[PluginType, Differs("Only HTTP.")] = Field(
        PluginType.UNSPECIFIED_PLUGIN_TYPE, strict=False, description="HTTP or NETWORK."
    )


class Placed(Attached):
    """Whose chain something stands in, and where."""

    phase: Annotated[PluginPhase, BeforeValidator(_phase)] = Field(
        PluginPhase.UNSPECIFIED, strict=False, description="AUTHN, AUTHZ or STATS: before what it stands; else last."
    )
    priority: int = Field(0, description="Of several in a phase the highest is first.")
    match: Annotated[Items[TrafficSelector], Differs("Several entries must be alike in mode or in ports.")] = Field(
        (), description="Requests that pass it; without: all."
    )


class WasmPluginSpec(Module, Placed):
    """A module and where it stands."""


class WasmPluginObject(Object):
    """A module in the chain of some proxies."""

    spec: WasmPluginSpec = Field(description="The module and where it stands.")


def read(part: Written) -> Fragment:
    """One plugin."""
    found = validated(part, WasmPluginObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    made = plugin(part, part.document.key.name, found.spec)
    return Fragment(objects=(with_module(part, ("spec",), found.spec, made),), findings=tuple(part.findings))


def plugin(part: Written, name: Name, spec: Placed) -> WasmPlugin:
    """Something in the chain of some proxies, without saying what."""
    direction, ports = _traffic(part, spec)
    return WasmPlugin(
        name=name,
        origin=part.origin,
        selector=labels(spec),
        selector_origin=part.at("spec", "selector"),
        targets=targets(part, spec),
        phase=spec.phase,
        priority=spec.priority,
        direction=direction,
        ports=ports,
    )


def with_module(part: Written, path: tuple[Step, ...], spec: Module, made: WasmPlugin) -> WasmPlugin:
    """A plugin that is this module."""
    if spec.type is PluginType.NETWORK:
        part.error((*path, "type"), "is NETWORK; only HTTP plugins are possible")
    if spec.fail_strategy is FailStrategy.FAIL_RELOAD:
        part.warning((*path, "failStrategy"), "is FAIL_RELOAD, which is FAIL_CLOSE here: the module is not restarted")
    variables = spec.vm_config.env if spec.vm_config else ()
    return replace(
        made,
        file=_file(part, (*path, "url"), spec.url),
        plugin_name=spec.plugin_name,
        configuration=json.dumps(spec.plugin_config, sort_keys=True) if spec.plugin_config is not None else "",
        fails_open=spec.fail_strategy is FailStrategy.FAIL_OPEN,
        environment=labels_of({each.name: each.value for each in variables if each.value_from is ValueSource.INLINE}),
        host_environment=tuple(each.name for each in variables if each.value_from is ValueSource.HOST),
    )


def _file(part: Written, place: tuple[Step, ...], url: str) -> str:
    path = url.removeprefix(FILE_SCHEME)
    if not path.startswith("/"):
        part.error(
            place,
            f'is "{url}", and modules are not downloaded; fetch it onto the hosts and write file:///absolute/path.wasm',
        )
    return path


def _traffic(part: Written, spec: Placed) -> tuple[Direction, tuple[int, ...]]:
    """The direction and the ports that all entries of `match` together say."""
    modes = {each.mode for each in spec.match}
    ports = {tuple(sorted({port.number for port in each.ports})) for each in spec.match}
    if len(modes) > 1 and len(ports) > 1:
        part.error(("spec", "match"), "has entries with other modes and other ports; write two plugins")
    every_port = () in ports or not ports
    direction = modes.pop().direction if len(modes) == 1 else Direction.ANY
    return direction, () if every_port else tuple(sorted(set().union(*ports)))


KIND = ObjectKind(
    group="extensions.istio.io",
    versions=("v1alpha1",),
    kind="WasmPlugin",
    schema=WasmPluginObject,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/",
)
