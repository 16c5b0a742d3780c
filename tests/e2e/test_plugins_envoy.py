"""Real Envoys run plugins from local files, and log what documents want to be logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import guarded
from tests.e2e.guarded import World
from tests.e2e.machine import eventually
from tests.e2e.wasm import header_adder
from tests.envoy.kitchen import HERE
from tests.envoy.policies import allow, guard, when
from tulle.model.extensions import AccessLogging, Direction, PluginPhase, Telemetry, WasmPlugin
from tulle.model.names import Name
from tulle.model.services import Protocol

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def telemetry(*logging: AccessLogging) -> Telemetry:
    return Telemetry(name=Name("default", "t"), origin=HERE, access_logging=logging)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("plugins")

    def plugin(name: str, **more: object) -> WasmPlugin:
        file = directory / f"{name}.wasm"
        file.write_bytes(header_adder(f"x-{name}", "here"))
        return WasmPlugin(name=Name("default", name), origin=HERE, file=str(file), **more)  # type: ignore[arg-type]

    guards = {
        "plugged": guard(
            allow(when("request.headers[x-early]", "*")),
            plugins=(
                plugin("late"),
                plugin("early", phase=PluginPhase.AUTHN),
                plugin("first", phase=PluginPhase.STATS, priority=2),
                plugin("other-port", ports=(9999,)),
                plugin("calls", direction=Direction.CLIENT),
            ),
        ),
        "too-late": guard(
            allow(when("request.headers[x-stats]", "*")), plugins=(plugin("stats", phase=PluginPhase.STATS),)
        ),
        "logged": guard(telemetry=(telemetry(AccessLogging(direction=Direction.SERVER)),)),
        "failures": guard(telemetry=(telemetry(AccessLogging(filter="response.code >= 400")),)),
        "silent": guard(telemetry=(telemetry(AccessLogging()), telemetry(AccessLogging(is_disabled=True)))),
        "bytes": guard(telemetry=(telemetry(AccessLogging()),), protocol=Protocol.TCP),
    }
    with guarded.world(guards, directory) as found:
        yield found


def test_plugins_stand_where_they_want_to(world: World) -> None:
    seen = world.call("plugged").json["headers"]
    assert {name for name, value in seen.items() if value == "here"} == {"x-early", "x-first", "x-late"}
    assert world.call("too-late").status == 403


def test_what_is_wanted_is_logged_and_nothing_else(world: World) -> None:
    for target in ("logged", "failures", "silent"):
        world.call(target, path=f"/{target}/good")
        world.call(target, path=f"/{target}/bad", x_answer="500")
    world.call("logged", path="/last")
    text = eventually(lambda: _with(world.logs, "/last"))
    assert ("/logged/good" in text, "/logged/bad" in text) == (True, True)
    assert ("/failures/good" in text, "/failures/bad" in text) == (False, True)
    assert "/silent/" not in text


def test_connections_are_logged_too(world: World) -> None:
    assert world.echoes("bytes") is True
    eventually(lambda: _with(world.logs, '"- - -" 0 - 5 5'))


def _with(file: Path, text: str) -> str:
    content = file.read_text()
    return content if text in content else ""
