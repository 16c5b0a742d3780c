from __future__ import annotations

from tests.kit.bbolt_files import SMALL
from tulle.kit.bbolt import pairs
from tulle.sources.legacy.configuration import configuration as converted
from tulle.sources.legacy.keys import configuration


def test_keys_are_frontends_and_backends() -> None:
    texts = {key.decode(): value[8:].decode() for key, value in pairs(SMALL, b"traefik").items()}
    found, problems = configuration(texts, "/traefik")
    assert not problems
    http = converted(found).content["http"]
    assert http["routers"]["f1"]["rule"] == "Host(`shop.example.org`) && PathPrefix(`/api`)"
    assert http["routers"]["f1"]["entryPoints"] == ["http", "https"]
    assert http["services"]["b1"]["loadBalancer"]["servers"] == [
        {"url": "http://127.0.0.1:8001", "weight": 10},
        {"url": "http://127.0.0.1:8002"},
    ]


def test_an_alias_is_another_prefix() -> None:
    texts = {
        "/traefik/alias": "/blue",
        "/traefik/frontends/a/backend": "b",
        "/blue/frontends/c/backend": "d",
        "/blue/frontends/c/backend/x": "y",
        "/blue/acme/x": "y",
    }
    found, problems = configuration(texts, "/traefik/")
    assert list(found["frontends"]) == ["c"]
    assert problems[0].startswith("/blue/frontends/c/backend has the value")
