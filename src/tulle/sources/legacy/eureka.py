"""Applications of Eureka as frontends and backends, as Traefik 1 made them: one host for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tulle.sources.labels.names import joined, normalized


def configuration(applications: Mapping[str, Any]) -> Mapping[str, object]:
    """Frontends and backends of the applications with an instance that is up."""
    frontends: dict[str, object] = {}
    backends: dict[str, object] = {}
    for app in _several(applications.get("application")):
        name = _text(app, "name")
        instances = [each for each in _several(app.get("instance")) if _text(each, "status") in ("UP", "")]
        servers = {key: server for each in instances if (key := _key(each)) and (server := _server(each))}
        if not name or not servers:
            continue
        backends[f"backend-{name}"] = {"servers": servers}
        route = {"rule": f"Host:{name.lower()}"}
        frontends[f"frontend-{name}"] = {
            "backend": f"backend-{name}", "entryPoints": ["http"], "routes": {"host": route},
        }  # fmt: skip
    return {"frontends": frontends, "backends": backends}


def _key(instance: Mapping[str, Any]) -> str:
    _, port = _port(instance)
    return _text(instance.get("metadata"), "traefik.backend.id") or f"{normalized(_text(instance, 'ipAddr'))}-{port}"


def _server(instance: Mapping[str, Any]) -> Mapping[str, object] | None:
    address = _text(instance, "ipAddr")
    scheme, port = _port(instance)
    if not address or not port:
        return None
    weight = _text(instance.get("metadata"), "traefik.weight") or "1"
    return {"url": f"{scheme}://{joined(address, port)}", "weight": weight}


def _port(instance: Mapping[str, Any]) -> tuple[str, str]:
    for scheme, name in (("https", "securePort"), ("http", "port")):
        said = instance.get(name)
        if isinstance(said, dict) and (scheme == "http" or str(said.get("@enabled")).lower() == "true"):
            number = str(said.get("$") or "")
            return scheme, number if number.isdecimal() else ""
    return "http", ""


def _several(said: object) -> list[Mapping[str, Any]]:
    """A list; old servers write a single entry without one."""
    found = said if isinstance(said, list) else [said]
    return [each for each in found if isinstance(each, dict)]


def _text(said: object, name: str) -> str:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
