"""Services and tasks of a Swarm, as Docker's engine describes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tulle.sources.labels.containers import Container
from tulle.sources.labels.decoding import Own, Unusable, own


@dataclass(frozen=True, slots=True)
class SwarmState:
    """What the engine says of a Swarm: answers to `/services`, `/tasks`, `/networks`, `/nodes`."""

    services: Sequence[Any]
    tasks: Sequence[Any] = ()
    networks: Sequence[Any] = ()
    nodes: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A service that cannot be read."""

    name: str
    sentence: str


def members(state: SwarmState, is_exposed: bool, allows_empty: bool) -> Iterable[tuple[Container, Own] | Unread]:
    """What has servers: tasks that run, or services as a whole where the Swarm balances (`lbswarm`)."""
    names = {_text(each, "Id"): _text(each, "Name") for each in state.networks}
    hosts = {_text(each, "ID"): _text(_at(each, "Status"), "Addr") for each in state.nodes}
    by_service: dict[str, list[object]] = {}
    for task in state.tasks:
        by_service.setdefault(_text(task, "ServiceID"), []).append(task)
    for said in state.services:
        name = _text(_at(said, "Spec"), "Name")
        try:
            service = _service(said, names)
            settings = own(service.labels, "swarm", is_exposed)
        except Unusable as error:
            yield Unread(name or _text(said, "ID"), str(error))
            continue
        if settings.is_balanced_by_swarm:
            found = [service] if service.networks or allows_empty else []
        else:
            is_global = _at(said, "Spec", "Mode", "Global") is not None
            tasks = by_service.get(service.id, [])
            found = [each for task in tasks if (each := _task(task, service, names, hosts, is_global)) is not None]
            if not found and allows_empty:
                found = [replace(service, networks={})]
        yield from ((each, settings) for each in found)


def _service(said: object, names: Mapping[str, str]) -> Container:
    identifier, name = _text(said, "ID"), _text(_at(said, "Spec"), "Name")
    if not identifier or not name:
        raise Unusable("the engine describes it without a name")
    labels = _at(said, "Spec", "Labels")
    networks: dict[str, str] = {}
    if _text(_at(said, "Spec", "EndpointSpec"), "Mode") == "vip":
        for each in _list(_at(said, "Endpoint", "VirtualIPs")):
            network, address = names.get(_text(each, "NetworkID")), _text(each, "Addr").partition("/")[0]
            if network and address:
                networks[network] = address
    texts = {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
    return Container(identifier, name, name, texts, networks=networks)


def _task(
    said: object, service: Container, names: Mapping[str, str], hosts: Mapping[str, str], is_global: bool
) -> Container | None:
    if _text(_at(said, "Status"), "State") != "running":
        return None
    networks: dict[str, str] = {}
    for each in _list(_at(said, "NetworksAttachments")):
        network = names.get(_text(_at(each, "Network"), "ID"))
        for address in _list(_at(each, "Addresses")):
            if network and isinstance(address, str):
                networks[network] = address.partition("/")[0]
    if not networks:
        return None
    identifier = _text(said, "ID")
    name = f"{service.name}.{identifier if is_global else _at(said, 'Slot') or 0}"
    node = hosts.get(_text(said, "NodeID"), "")
    return replace(service, id=identifier, name=name, networks=networks, node=node)


def _at(said: object, *names: str) -> object:
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said


def _list(said: object) -> list[object]:
    return said if isinstance(said, list) else []


def _text(said: object, name: str) -> str:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
