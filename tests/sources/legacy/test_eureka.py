from __future__ import annotations

from random import Random
from typing import Any

from tests.sources.mutations import mutated
from tulle.sources.legacy.eureka import configuration


def instance(address: str = "10.0.0.1", **said: Any) -> dict[str, Any]:
    return {
        "instanceId": f"{address}:SHOP:8080",
        "hostName": "shop-1",
        "app": "SHOP",
        "ipAddr": address,
        "status": "UP",
        "overriddenStatus": "UNKNOWN",
        "port": {"$": 8080, "@enabled": "true"},
        "securePort": {"$": 443, "@enabled": "false"},
        "countryId": 1,
        "metadata": {"management.port": "8080"},
        "vipAddress": "shop",
        **said,
    }


def apps(*instances: Any) -> dict[str, Any]:
    return {
        "versions__delta": "1",
        "apps__hashcode": "UP_1_",
        "application": [{"name": "SHOP", "instance": list(instances)}],
    }


def test_each_application_has_its_host() -> None:
    assert configuration(apps(instance(), instance("10.0.0.2", metadata={"traefik.weight": "3"}))) == {
        "frontends": {
            "frontend-SHOP": {
                "backend": "backend-SHOP",
                "entryPoints": ["http"],
                "routes": {"host": {"rule": "Host:shop"}},
            }
        },
        "backends": {
            "backend-SHOP": {
                "servers": {
                    "10-0-0-1-8080": {"url": "http://10.0.0.1:8080", "weight": "1"},
                    "10-0-0-2-8080": {"url": "http://10.0.0.2:8080", "weight": "3"},
                }
            }
        },
    }


def test_https_and_identifiers() -> None:
    secure = instance(securePort={"$": 8443, "@enabled": "true"}, metadata={"traefik.backend.id": "one"})
    assert configuration(apps(secure))["backends"] == {
        "backend-SHOP": {"servers": {"one": {"url": "https://10.0.0.1:8443", "weight": "1"}}}
    }


def test_who_is_not_up_is_left_out() -> None:
    nobody: dict[str, object] = {"frontends": {}, "backends": {}}
    assert configuration(apps(instance(status="DOWN"))) == nobody
    assert configuration(apps(instance(port=None, securePort=None), instance(""), None)) == nobody
    assert configuration({"application": None}) == nobody


def test_old_servers_write_single_entries_without_a_list() -> None:
    found = configuration({"application": {"name": "SHOP", "instance": instance()}})
    assert list(found["frontends"]) == ["frontend-SHOP"]  # type: ignore[call-overload]


def test_odd_instances_hurt_nobody_else() -> None:
    chance = Random(1)
    for _ in range(300):
        found = configuration(apps(mutated(instance(), chance), instance("10.9.9.9")))
        assert "http://10.9.9.9:8080" in str(found)
