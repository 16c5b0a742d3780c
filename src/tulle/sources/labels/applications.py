"""Applications of Marathon, with labels as Traefik 2 read them, and where their tasks are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tulle.sources.labels.building import Exposed
from tulle.sources.labels.constraints import MARATHON
from tulle.sources.labels.decoding import Unusable, own
from tulle.sources.labels.names import joined
from tulle.sources.labels.reading import LabelReader

_INDEX = "traefik.marathon.ipaddressidx"
_CHECK_TIMEOUT, _CHECK_MARGIN = timedelta(seconds=10), timedelta(seconds=5)
_LONGEST_CHECK = 1_000_000
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What settings say about tasks."""

    force_host: bool = False
    respect_readiness: bool = False
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)


def exposed(app: Any, reader: LabelReader, choices: Choices) -> Exposed | None:
    """An application; None if it is not exposed.

    Raises:
        Unusable: it is exposed, and cannot be.
    """
    identifier = app.get("id") if isinstance(app, dict) else None
    if not isinstance(identifier, str) or not identifier.strip("/"):
        raise Unusable("Marathon describes it without a name")
    labels = {str(key): str(value) for key, value in _mapping(app.get("labels")).items()}
    constrained = {
        f"{MARATHON}{index}": ":".join(map(str, _list(each)))
        for index, each in enumerate(_list(app.get("constraints")))
    }
    if not own(labels, "marathon", reader.settings.exposed_by_default).is_enabled:
        return None
    found = Exposed(
        identifier,
        place(identifier),
        identifier.removeprefix("/").replace("/", "_"),
        labels,
        partial(_addresses, app, _ip_index(labels), choices),
        {"Name": identifier},
    )
    return found if reader.allows({**labels, **constrained}) else None


def place(identifier: object) -> str:
    """What a person would look for."""
    return f"marathon:app/{str(identifier or '?').removeprefix('/')}"


def _ip_index(labels: Mapping[str, str]) -> int | None:
    text = next((value for key, value in labels.items() if key.lower() == _INDEX), None)
    if text is None:
        return None
    if not text.isdecimal():
        raise Unusable(f"the label {_INDEX} must be a number, not {text[:40]}")
    return int(text)


def _addresses(app: Mapping[str, Any], index: int | None, choices: Choices, port: str) -> tuple[str, ...]:
    found: list[str] = []
    problem = "none of its tasks runs"
    for task in _list(app.get("tasks")):
        if not isinstance(task, dict) or task.get("state") != "TASK_RUNNING":
            continue
        if choices.respect_readiness and not _is_ready(task, app, choices.now):
            problem = "none of its tasks is ready"
            continue
        try:
            found.append(joined(_host(app, task, index, choices.force_host), str(_port(app, task, port))))
        except Unusable as error:
            problem = str(error)
    if not found:
        raise Unusable(problem)
    return tuple(found)


def _host(app: Mapping[str, Any], task: Mapping[str, Any], index: int | None, force_host: bool) -> str:
    networks = app.get("networks")
    if networks is None:
        is_at_host = app.get("ipAddress") is None
    else:
        first = _mapping(next(iter(_list(networks)), None))
        is_at_host = first.get("mode") != "container"
    if is_at_host or force_host:
        return str(task.get("host") or "") or _unusable("its tasks have no host")
    ips = [str(each.get("ipAddress") or "") for each in _list(task.get("ipAddresses")) if isinstance(each, dict)]
    if not ips:
        raise Unusable("its tasks have no address")
    if len(ips) == 1:
        return ips[0]
    if index is None:
        raise Unusable(f"its tasks have {len(ips)} addresses; say which with the label {_INDEX}")
    if index >= len(ips):
        raise Unusable(f"the label {_INDEX} says {index}, but its tasks have {len(ips)} addresses")
    return ips[index]


def _unusable(sentence: str) -> str:
    raise Unusable(sentence)


def _port(app: Mapping[str, Any], task: Mapping[str, Any], wanted: str) -> int:
    kind, colon, rest = wanted.partition(":")
    if colon and kind == "name":
        named = [number for name, number in _defined(app) if name == rest and number]
        if not named:
            raise Unusable(f'it has no port with the name "{rest}"')
        return named[0]
    if wanted and kind != "index":
        if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
            raise Unusable(f'the port must be a number, index:<number> or name:<name>, not "{wanted[:40]}"')
        return int(wanted)
    ports = [each for each in _list(task.get("ports")) if isinstance(each, int)]
    ports = ports or [number for _, number in _defined(app)]
    if not ports:
        raise Unusable("its tasks have no ports")
    if not colon:
        return ports[0]
    if not rest.isdecimal() or int(rest) >= len(ports):
        raise Unusable(f"the port says index:{rest[:40]}, but its tasks have {len(ports)} ports")
    return ports[int(rest)]


def _defined(app: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Names and numbers of ports that the application defines."""
    definitions = _list(app.get("portDefinitions"))
    key = "port"
    if not definitions:
        key = "number"
        definitions = _list(_mapping(_mapping(app.get("ipAddress")).get("discovery")).get("ports"))
    mappings = [each for each in definitions if isinstance(each, dict)]
    return [(str(each.get("name") or ""), each[key]) for each in mappings if isinstance(each.get(key), int)]


def _is_ready(task: Mapping[str, Any], app: Mapping[str, Any], now: datetime) -> bool:
    """While it is deployed: whether its check was good, or whether it is older than a check may take."""
    checks = _list(app.get("readinessChecks"))
    if not _list(app.get("deployments")) or not checks:
        return True
    for result in _list(app.get("readinessCheckResults")):
        if isinstance(result, dict) and result.get("taskId") == task.get("id"):
            return bool(result.get("ready"))
    seconds = _mapping(checks[0]).get("timeoutSeconds")
    timeout = _CHECK_TIMEOUT
    if isinstance(seconds, int) and 0 < seconds < _LONGEST_CHECK:
        timeout = timedelta(seconds=seconds) + _CHECK_MARGIN
    try:
        started = datetime.fromisoformat(str(task.get("startedAt")).replace("Z", "+00:00"))
        return now - started >= timeout
    except (ValueError, TypeError):
        return False


def applications(
    apps: Iterable[Any], reader: LabelReader, choices: Choices
) -> tuple[list[Exposed], list[tuple[str, str]]]:
    """Those that are exposed; and places with what is wrong there."""
    found: list[Exposed] = []
    wrong: list[tuple[str, str]] = []
    for app in apps:
        try:
            if (each := exposed(app, reader, choices)) is not None:
                found.append(each)
        except Unusable as error:
            wrong.append((place(app.get("id") if isinstance(app, dict) else None), f"{error}. It is not exposed"))
    return found, wrong


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _mapping(said: object) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
