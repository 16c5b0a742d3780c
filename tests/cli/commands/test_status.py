from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]


def test_a_mesh_is_shown(tulle: Tulle, plane: Any, status: dict[str, Any]) -> None:
    plane.says({**status, "ready": True})
    done = tulle("status")
    assert done.code == 0
    assert done.out.splitlines()[0] == "● ready"
    assert "http://127.0.0.1:8080" in done.out


def test_a_mesh_that_is_not_ready_is_a_failure(tulle: Tulle, plane: Any, status: dict[str, Any]) -> None:
    plane.says(status)
    done = tulle("status")
    assert done.code == 1
    assert "waiting for web" in done.out


def test_programs_get_the_whole_document(tulle: Tulle, plane: Any, status: dict[str, Any]) -> None:
    plane.says(status)
    done = tulle("status", "-o", "json")
    assert (done.code, json.loads(done.out)) == (1, status)


def test_nothing_running_is_a_sentence(tulle: Tulle) -> None:
    done = tulle("status")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: nothing is running in ")


def test_nothing_running_is_an_empty_document(tulle: Tulle, plane: Any) -> None:
    plane.http.socket.close()
    done = tulle("status", "-o", "json")
    assert done.code == 1
    assert json.loads(done.out) == {
        "version": "tulle/v1",
        "ready": False,
        **{name: [] for name in ("services", "proxies", "instances", "gateway", "findings", "objects")},
    }


def test_another_control_plane_can_be_asked(tulle: Tulle, server: Any, status: dict[str, Any]) -> None:
    server.says(status)
    assert tulle("status", "--api-address", server.address, "--token", "given").code == 1
    assert server.asked[0][2] == "Bearer given"
    done = tulle("status", "--api-address", "127.0.0.1:1", "--token", "given")
    assert "no control plane answers at 127.0.0.1:1" in done.err
