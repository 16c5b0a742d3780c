"""The place of a new instance on this host: its name, its ports and its sockets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tulle.kit.ports import Ports
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Assignment, Binding, Instance, InstanceState

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine that instances are placed on."""

    name: str
    address: str = LOOPBACK
    """Where sidecars listen for other proxies."""
    sockets: Path
    """Directory of Unix sockets; a short path."""


def place(assignment: Assignment, host: Host, ports: Ports, known: Collection[str]) -> Instance:
    """A new instance that is about to start, with everything that it will listen on; `known` are the ids in use.

    Raises:
        NoPortFree: as it says.
    """
    suffix, instance_id = _new_id(assignment, known)
    socket = str(host.sockets / f"app-{suffix}") if assignment.unix_socket else ""
    bindings: list[Binding] = []
    for port in assignment.ports:
        binding = _bind(port, host, ports, socket)
        socket = "" if binding.application == socket else socket  # Only the first port that can be is a socket.
        bindings.append(binding)
    return Instance(
        id=instance_id,
        workload=assignment.name,
        service=assignment.service,
        host=host.name,
        account=assignment.account,
        state=InstanceState.STARTING,
        version=assignment.version,
        labels=assignment.labels,
        bindings=tuple(bindings),
        outbound=f"{LOOPBACK}:{ports.choose()}",
        forwards=tuple(replace(forward, address=f"{LOOPBACK}:{ports.choose()}") for forward in assignment.forwards),
    )


def ports_of(instance: Instance) -> frozenset[int]:
    """Every port number that the instance and its sidecar listen on."""
    return frozenset(_numbers(instance))


def application_ports(instance: Instance) -> tuple[int, ...]:
    """The TCP ports that the application itself listens on."""
    return tuple(
        _number(binding.application)
        for binding in instance.bindings
        if binding.protocol is not Protocol.UDP and not _is_socket(binding)
    )


def application_sockets(instance: Instance) -> tuple[Path, ...]:
    """The Unix sockets that the application itself listens on."""
    return tuple(Path(binding.application) for binding in instance.bindings if _is_socket(binding))


def _new_id(assignment: Assignment, known: Collection[str]) -> tuple[str, str]:
    # Part of file names and of certificates' serial words: nothing but what is harmless there.
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", assignment.name.name).lstrip(".") or "workload"
    while True:
        suffix = secrets.token_hex(3)
        if not any(taken.endswith(f"-{suffix}") for taken in known):
            return suffix, f"{name}-{suffix}"


def _bind(port: Port, host: Host, ports: Ports, socket: str) -> Binding:
    if port.protocol is Protocol.UDP:
        number = ports.choose()
        application = f"{host.address}:{number}"
    else:
        number = ports.choose()
        application = socket or f"{LOOPBACK}:{ports.choose()}"
    return Binding(
        name=port.name,
        protocol=port.protocol,
        address=host.address,
        port=number,
        application=application,
        number=port.number,
    )


def _numbers(instance: Instance) -> Iterator[int]:
    for binding in instance.bindings:
        yield binding.port
        if not _is_socket(binding):
            yield _number(binding.application)
    yield _number(instance.outbound)
    for forward in instance.forwards:
        yield _number(forward.address)


def _is_socket(binding: Binding) -> bool:
    return binding.application.startswith("/")


def _number(address: str) -> int:
    return int(address.rpartition(":")[2])
