from __future__ import annotations

from typing import Any

import pytest

from tulle.cli.picture import headline, picture, proxies, services, urls

Status = dict[str, Any]


@pytest.fixture(autouse=True)
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_services_show_what_is_ready_and_why_not(status: Status) -> None:
    assert services(status) == [
        "SERVICE    READY   ENDPOINTS",
        "web        1/2     1           does not listen yet",
        "old.team   3/3     3           elsewhere",
    ]


def test_a_replica_that_nobody_knows_yet_is_starting(status: Status) -> None:
    status["instances"] = []
    assert services(status)[1].endswith("starting")


def test_a_service_without_replicas_is_shown(status: Status) -> None:
    status["services"] = [{"name": "off", "namespace": "default", "endpoints": 0, "healthy": 0, "replicas": 0}]
    assert services(status)[1] == "off       0/0     0"


def test_proxies_show_whether_they_are_synced(status: Status) -> None:
    assert proxies(status)[1:] == [
        "gateway-here   gateway   gateway.tulle-system   here   synced",
        "web-1          sidecar   web                    here   not synced",
    ]


def test_the_headline_says_what_is_waited_for(status: Status) -> None:
    assert headline(status) == "○ not ready (waiting for web; 1 proxy not synced)"
    status["proxies"][0]["synced"] = False
    assert "2 proxies not synced" in headline(status)
    assert headline({"ready": False}) == "○ not ready"
    assert headline({"ready": True}) == "● ready"


def test_everything_is_in_the_picture(status: Status) -> None:
    text = "\n".join(picture(status))
    assert "gateway   http://127.0.0.1:8080" in text
    assert "shop.yaml:4: warning: is slow" in text


def test_long_lists_are_cut(status: Status) -> None:
    status["services"] = [{**status["services"][0], "name": f"s{number}"} for number in range(50)]
    lines = picture(status, most=6)
    assert lines[5] == "… and 46 more lines; `tulle status` shows all"
    assert len(lines) < 20


def test_an_empty_mesh_has_an_empty_picture() -> None:
    assert picture({"services": [], "proxies": [], "gateway": [], "findings": []}) == []


def test_names_cannot_drive_the_terminal(status: Status) -> None:
    status["services"][0]["name"] = "\x1b[2J"
    status["instances"][1]["message"] = "\x1b[2J"
    status["findings"][0]["message"] = "\x1b[2J"
    assert "\x1b" not in "\n".join(picture(status))


def test_addresses_may_be_plain() -> None:
    assert urls({"gateway": ["http://h", {"url": "http://i"}, "http://h"]}) == ["http://h", "http://i"]
