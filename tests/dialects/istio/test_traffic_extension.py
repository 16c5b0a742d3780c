from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.traffic_extension import KIND
from tulle.model.extensions import PluginPhase, WasmPlugin


def test_a_script_is_a_plugin() -> None:
    found = only(KIND, {"lua": {"inlineCode": "x = 1"}, "phase": "EXECUTION_PHASE_AUTHN"})
    assert isinstance(found, WasmPlugin)
    assert (found.script, found.file, found.phase) == ("x = 1", "", PluginPhase.AUTHN)
    assert found.name.name.startswith("extension/")


def test_a_module_is_one_too() -> None:
    found = only(KIND, {"wasm": {"url": "/a.wasm", "failStrategy": "FAIL_OPEN"}})
    assert (found.script, found.file, found.fails_open) == ("", "/a.wasm", True)


@pytest.mark.parametrize("spec", [{}, {"wasm": {"url": "/a.wasm"}, "lua": {"inlineCode": "x"}}])
def test_it_is_one_of_both(spec: dict[str, object]) -> None:
    (message,) = messages(KIND, spec)
    assert message.endswith("has to be one of wasm and lua")


def test_mistakes_are_told_where_they_are() -> None:
    (message,) = messages(KIND, {"wasm": {"url": "oci://a/b"}})
    assert '"spec.wasm.url"' in message
    (message,) = messages(KIND, {"lua": {"inlineCode": "x" * 65537}})
    assert '"spec.lua.inlineCode"' in message
    (message,) = messages(KIND, {"lua": {"inlineCode": "x"}, "phase": "EARLY"})
    assert '"spec.phase"' in message
