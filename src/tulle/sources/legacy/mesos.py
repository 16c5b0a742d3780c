"""Tasks of Mesos as frontends and backends, as Traefik 1 made them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tulle.model.registries import MesosSettings
from tulle.sources.labels.decoding import Unusable
from tulle.sources.labels.names import flag, joined, normalized
from tulle.sources.legacy.labels import Labels, said, segments

_IP_LABELS = {
    "docker": "Docker.NetworkSettings.IPAddress",
    "mesos": "MesosContainerizer.NetworkSettings.IPAddress",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a task that is exposed, with its labels."""

    task: Mapping[str, Any]
    segment: str
    labels: Labels
    address: str

    @property
    def name(self) -> str:
        """The name of the application, and of its part."""
        suffix = f"-service-{normalized(self.segment)}" if self.segment else ""
        return normalized(f"{_text(_mapping(self.task.get('discovery')), 'name')}{suffix}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a master told."""

    configuration: Mapping[str, object]
    """Frontends and backends."""
    problems: tuple[tuple[str, str], ...]
    """Names of tasks, and what is wrong with them."""


def told(state: Any, settings: MesosSettings) -> Told:
    """The tasks that run, by application."""
    problems: list[tuple[str, str]] = []
    applications: dict[str, list[Part]] = {}
    for task, host in _running(state):
        labels = {_text(each, "key"): _text(each, "value") for each in _list(task.get("labels"))}
        for segment, own in sorted(segments(labels).items()):
            try:
                part = _part(task, host, segment, own, settings)
            except Unusable as error:
                problems.append((_text(task, "name") or _text(task, "id"), f"{error}. It is not exposed"))
                continue
            if part is not None:
                applications.setdefault(part.name, []).append(part)
    frontends: dict[str, object] = {}
    backends: dict[str, object] = {}
    for name, parts in sorted(applications.items()):
        first = min(parts, key=lambda part: _text(part.task, "id"))
        options = said(first.labels)
        problems += [(name, problem) for problem in options.problems]
        backend = f"backend-{first.labels.get('traefik.backend') or name}"
        route = {"rule": first.labels.get(f"{_FRONTEND}rule") or _default_rule(first, settings)}
        frontends[f"frontend-{name}"] = {**options.frontend, "backend": backend, "routes": {"host": route}}
        servers = {_text(part.task, "id"): _server(part) for part in parts}
        before = backends.get(backend)
        known = before["servers"] if isinstance(before, dict) else {}
        backends[backend] = {**options.backend, "servers": {**known, **servers}}
    return Told({"frontends": frontends, "backends": backends}, tuple(problems))


_FRONTEND = "traefik.frontend."


def _running(state: Any) -> Iterable[tuple[Mapping[str, Any], str]]:
    """Tasks, and the addresses of their hosts."""
    hosts = {_text(each, "id"): _host_of(each) for each in _list(_mapping(state).get("slaves"))}
    for framework in _list(_mapping(state).get("frameworks")):
        for task in _list(_mapping(framework).get("tasks")):
            if isinstance(task, dict) and task.get("state") == "TASK_RUNNING":
                yield task, hosts.get(_text(task, "slave_id"), "")


def _host_of(agent: Any) -> str:
    """`slave(1)@10.0.0.1:5051`."""
    address = _text(agent, "pid").rpartition("@")[2]
    return address.rpartition(":")[0].removeprefix("[").removesuffix("]") or _text(agent, "hostname")


def _part(task: Mapping[str, Any], host: str, segment: str, labels: Labels, settings: MesosSettings) -> Part | None:
    ports = [
        each
        for each in _list(_mapping(_mapping(task.get("discovery")).get("ports")).get("ports"))
        if isinstance(each, dict)
    ]
    enabled = labels.get("traefik.enable")
    is_enabled = settings.exposed_by_default if enabled is None else flag(enabled)
    if is_enabled is None:
        raise Unusable(f'the label traefik.enable must be true or false, not "{(enabled or "")[:40]}"')
    if not ports or not is_enabled or not _is_well(task):
        return None
    port = _port(ports, labels, segment)
    address = _address(task, host, settings.ip_sources)
    if not address:
        raise Unusable(f"it has no address of the kinds {', '.join(settings.ip_sources)} (ipSources)")
    return Part(task, segment, labels, joined(address, str(port)))


def _port(ports: list[dict[str, Any]], labels: Labels, segment: str) -> int:
    number, index, name = (labels.get(f"traefik.{each}", "") for each in ("port", "portIndex", "portName"))
    numbers = [each.get("number") for each in ports]
    if number and index:
        raise Unusable("it has the labels traefik.port and traefik.portIndex; write one of them")
    if number:
        if not number.isdecimal() or int(number) not in numbers:
            raise Unusable(f"the label traefik.port says {number[:40]}, which is none of its ports")
        return int(number)
    if index:
        if not index.isdecimal() or int(index) >= len(ports):
            raise Unusable(f"the label traefik.portIndex says {index[:40]}, but it has {len(ports)} ports")
        return _checked(numbers[int(index)])
    named = [each.get("number") for each in ports if (name or segment) and each.get("name") == (name or segment)]
    if name and not named:
        raise Unusable(f"the label traefik.portName says {name[:40]}, which is none of its ports")
    return _checked((named or numbers)[0])


def _checked(port: object) -> int:
    if not isinstance(port, int) or not 0 < port < 65536:
        raise Unusable("Mesos says a port that is none")
    return port


def _is_well(task: Mapping[str, Any]) -> bool:
    return _newest(task).get("healthy") is not False


def _newest(task: Mapping[str, Any]) -> Mapping[str, Any]:
    running = [each for each in _list(task.get("statuses")) if _text(each, "state") == "TASK_RUNNING"]
    return max(running, key=_time, default={})


def _time(status: Mapping[str, Any]) -> float:
    found = status.get("timestamp")
    return found if isinstance(found, int | float) else 0.0


def _address(task: Mapping[str, Any], host: str, kinds: Iterable[str]) -> str:
    status = _newest(task)
    for kind in kinds:
        if kind == "host" and host:
            return host
        if kind in _IP_LABELS:
            for label in _list(status.get("labels")):
                if _text(label, "key") == _IP_LABELS[kind] and _text(label, "value"):
                    return _text(label, "value")
        if kind == "netinfo":
            for info in _list(_mapping(status.get("container_status")).get("network_infos")):
                for each in (*_list(_mapping(info).get("ip_addresses")), info):
                    if found := _text(each, "ip_address"):
                        return found
    return ""


def _server(part: Part) -> Mapping[str, object]:
    scheme = part.labels.get("traefik.protocol") or "http"
    return {"url": f"{scheme}://{part.address}", "weight": part.labels.get("traefik.weight", "1")}


def _default_rule(part: Part, settings: MesosSettings) -> str:
    name = _text(_mapping(part.task.get("discovery")), "name").removeprefix("/")
    if settings.groups_as_sub_domains:
        host = ".".join(reversed(name.split("/")))
    else:
        host = name.replace("/", "-").replace("_", "-")
    if part.segment:
        host = f"{normalized(part.segment)}.{host}"
    domain = part.labels.get("traefik.domain") or settings.domain
    return f"Host:{host.lower()}{f'.{domain}' if domain else ''}"


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _mapping(said: object) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}


def _text(said: object, name: str) -> str:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
