from __future__ import annotations

from typing import Any

from tests.envoy.decoded import as_json
from tulle.envoy.edge_metrics import counters
from tulle.model.observing import RequestMetrics


def found(metrics: RequestMetrics, *, is_encrypted: bool = False) -> dict[str, Any]:
    every = [as_json(each) for each in counters(metrics, "web", is_encrypted=is_encrypted)]
    return {each["name"]: each for each in every}


def names(one: Any) -> list[str]:
    config = one["typed_config"]
    return [each["stat"]["name"] for each in (*config["counters"], *config["histograms"])]


def tags(one: Any) -> dict[str, str]:
    return {each["name"]: each["value_format"] for each in one["typed_config"]["counters"][0]["stat"]["tags"]}


def test_what_is_usual() -> None:
    both = found(RequestMetrics())
    assert sorted(both) == ["entrypoints", "services"]
    assert names(both["entrypoints"]) == [
        "entrypoint_requests_total",
        "entrypoint_requests_bytes_total",
        "entrypoint_responses_bytes_total",
        "entrypoint_request_duration_seconds",
    ]
    assert list(tags(both["entrypoints"])) == ["code", "entrypoint", "method", "protocol"]
    assert "EXTENSION_METHOD" in tags(both["entrypoints"])["method"]
    assert "upstream.address" in str(both["services"]["filter"])
    assert "tulle.internal" in str(both["entrypoints"]["filter"])


def test_everything() -> None:
    metrics = RequestMetrics(by_router=True, has_internal=True, headers=(("agent", "User-Agent"),))
    every = found(metrics, is_encrypted=True)
    assert sorted(every) == ["entrypoints", "routers", "services"]
    assert tags(every["routers"])["agent"] == "%REQUEST_HEADER(User-Agent)%"
    assert tags(every["routers"])["router"] == "%ROUTE_NAME%"
    assert "entrypoint_requests_tls_total" in names(every["entrypoints"])
    assert "tulle.internal" not in str(every["entrypoints"]["filter"])


def test_nothing() -> None:
    assert found(RequestMetrics(by_entry_point=False, by_service=False)) == {}
