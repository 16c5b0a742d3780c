from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]
GIVEN = {
    "name": "http",
    "type": "envoy.config.listener.v3.Listener",
    "version": "1",
    "origins": [{"source": "file", "file": "a.yaml", "line": 3}],
    "resource": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}},
}


def test_what_a_proxy_has_is_a_table(tulle: Tulle, plane: Any) -> None:
    plane.says([GIVEN])
    assert tulle("proxy-config", "gateway", "listeners").out.splitlines() == [
        "Listeners",
        "  NAME   ADDRESS          FROM",
        "  http   127.0.0.1:8080   a.yaml:3",
    ]
    assert plane.asked[-1][1] == "/v1/proxies/gateway/config?type=listeners"


def test_programs_get_the_json_of_envoy(tulle: Tulle, plane: Any) -> None:
    plane.says([GIVEN])
    said = json.loads(tulle("proxy-config", "gateway", "-o", "json").out)
    assert said == {"version": "tulle/v1", "proxy": "gateway", "resources": [GIVEN]}


def test_a_proxy_without_any_says_so(tulle: Tulle, plane: Any) -> None:
    plane.says([])
    assert tulle("proxy-config", "gateway", "secrets").err == "gateway has no secrets\n"


def test_an_unknown_type_is_a_usage_error(tulle: Tulle, plane: Any) -> None:
    assert tulle("proxy-config", "gateway", "things").code == 2
    assert plane.asked == []
