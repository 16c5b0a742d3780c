"""Containers as Docker's engine describes them, and which addresses they have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tulle.sources.labels.decoding import Own, Unusable
from tulle.sources.labels.names import joined, normalized

_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_DEEPEST = 10
"""How many containers may use each other's network in a row."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a port is published on the host."""

    host: str
    port: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container, or what is like one: a task or a service of a Swarm."""

    id: str
    name: str
    service_name: str
    labels: Mapping[str, str]
    state: str = ""
    """`running`, `exited`, …"""
    health: str = ""
    """`healthy`, `unhealthy`, `starting`; empty if nobody looks."""
    network_mode: str = ""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Addresses by names of networks."""
    ports: Mapping[str, tuple[Binding, ...]] = field(default_factory=dict)
    """`80/tcp`: where it is published."""
    node: str = ""
    """The address of the host, in a Swarm."""

    @property
    def service(self) -> str:
        """The name of its service, if labels say no other."""
        project, service = self.labels.get(_PROJECT), self.labels.get(_SERVICE)
        return normalized(f"{service}_{project}" if project and service else self.service_name)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What addresses of a container depend on besides itself."""

    uses_bindings: bool = False
    host: str = "127.0.0.1"
    """Where containers with the network of the host are."""
    containers: Mapping[str, tuple[Container, Own]] = field(default_factory=dict)
    """Every container by its identifier and by its name: others may use its network."""


def container(said: object) -> Container:
    """A container from the answer to `GET /containers/<id>/json`.

    Raises:
        Unusable: the answer is of another form.
    """
    identifier, name = _text(said, "Id"), _text(said, "Name").removeprefix("/")
    if not identifier or not name:
        raise Unusable("the engine describes it without a name")
    ports = _at(said, "NetworkSettings", "Ports")
    return Container(
        identifier,
        name,
        name,
        _labels(_at(said, "Config", "Labels")),
        _text(_at(said, "State"), "Status"),
        _text(_at(said, "State", "Health"), "Status").removesuffix("none"),
        _text(_at(said, "HostConfig"), "NetworkMode"),
        {
            network: _text(each, "IPAddress") or _text(each, "GlobalIPv6Address")
            for network, each in _mapping(_at(said, "NetworkSettings", "Networks")).items()
        },
        {
            port: tuple(map(_binding, bindings if isinstance(bindings, list) else ()))
            for port, bindings in _mapping(ports).items()
        },
    )


def _binding(said: object) -> Binding:
    return Binding(_text(said, "HostIp"), _text(said, "HostPort"))


def addresses(each: Container, own: Own, network: str, around: Surroundings, port: str) -> tuple[str, ...]:
    """Where it is, if labels say this port, or none.

    Raises:
        Unusable: nowhere.
    """
    if around.uses_bindings:
        wanted = port or _lowest(each)
        bindings = next((each.ports[name] for name in (f"{wanted}/tcp", f"{wanted}/udp") if each.ports.get(name)), ())
        if bindings and bindings[0].host not in ("", "0.0.0.0", "::"):
            return (joined(bindings[0].host, bindings[0].port),)
    host = _host(each, network if own.network is None else own.network, around, 0)
    if not host:
        raise Unusable("it has no address in any network")
    number = port or _lowest(each)
    if not number:
        raise Unusable("it exposes no port; say one with the label …loadbalancer.server.port")
    return (joined(host, number),)


def network_warning(each: Container, own: Own, network: str) -> str:
    """What is doubtful about the network that is used; empty if nothing is."""
    wanted = network if own.network is None else own.network
    known = sorted(name for name, address in each.networks.items() if address)
    if wanted and wanted not in each.networks and known:
        prefix = "; with Compose, its name begins with that of the project" if "_" not in wanted else ""
        return f"it is not in the network {wanted}, but in {', '.join(known)}; {known[0]} is used{prefix}"
    if not wanted and len(known) > 1 and not each.network_mode.startswith(("host", "container:")):
        return (
            f"it is in several networks ({', '.join(known)}); {known[0]} is used. "
            "Say which with the label traefik.docker.network"
        )
    return ""


def _host(each: Container, network: str, around: Surroundings, depth: int) -> str:
    if network and network in each.networks:
        return each.networks[network]
    if each.network_mode == "host":
        return each.node or around.host
    if each.network_mode.startswith("container:"):
        other = around.containers.get(each.network_mode.partition(":")[2])
        if other is None or depth > _DEEPEST:
            raise Unusable("the container whose network it uses does not exist")
        return _host(other[0], other[1].network or network, around, depth + 1)
    return next((address for _, address in sorted(each.networks.items()) if address), "")


def _lowest(each: Container) -> str:
    numbers = [number for number, _, _ in (port.partition("/") for port in each.ports) if number.isdecimal()]
    return min(numbers, key=int, default="")


def _at(said: object, *names: str) -> object:
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said


def _mapping(said: object) -> Mapping[str, Any]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Unusable("the engine describes it in a form that is not known")
    return said


def _labels(said: object) -> Mapping[str, str]:
    return {str(key): str(value) for key, value in _mapping(said).items()}


def _text(said: object, name: str) -> str:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
