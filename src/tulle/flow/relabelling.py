"""Names that a native document can have: labels, each once. Everything that refers to them follows. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tulle.dialects.fields import LABEL
from tulle.dialects.native.writing.content import Content, Placed
from tulle.kit.frozen import rebuilt
from tulle.model.listeners import Listener
from tulle.model.names import ISTIO, SYSTEM_NAMESPACE, Name
from tulle.model.routes import Backend
from tulle.model.security import Target
from tulle.model.services import Endpoint, Port, Service, Subset
from tulle.model.workloads import Workload

LONGEST = 63


@dataclass(slots=True)
class Labels:
    """Names, and the labels that stand for them."""

    services: dict[Name, Name] = field(default_factory=dict)
    listeners: dict[str, str] = field(default_factory=dict)
    """By id."""


def relabelled(content: Content) -> Content:
    """The content under names that can be written."""
    labels = Labels(
        services=_unique({*(each.service.name for each in content.offers), *_called(content)}, lambda name: name.name),
        listeners=_listeners(content),
    )
    content = rebuilt(content, lambda value: _renamed(value, labels))
    return replace(
        content,
        routes=tuple(_placed(each, labels) for each in content.routes),
        access=_named(content.access),
        tokens=_named(content.tokens),
        peers=_named(content.peers),
        scopes=_named(content.scopes),
        logging=_named(content.logging),
        workloads=_named(content.workloads),
        entries=_named(content.entries),
    )


def _called(content: Content) -> set[Name]:
    """Services that are referred to, declared or not."""
    found: set[Name] = set()

    def note(value: Any) -> Any:
        if isinstance(value, Backend):
            found.add(value.service)
        return value

    rebuilt((content.routes, content.offers, content.entrances, content.authorizers), note)
    return found


def label(text: str) -> str:
    """The nearest label: `www.example.org` is `www-example-org`."""
    if LABEL.fullmatch(text):
        return text
    words = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("*", "any")).strip("-")
    return words[:LONGEST].rstrip("-") or "unnamed"


def _unique(names: Iterable[Name], text: Callable[[Name], str]) -> dict[Name, Name]:
    """A label for each name; those that are labels keep theirs."""
    found: dict[Name, Name] = {}
    taken: set[Name] = set()
    for name in sorted(names, key=lambda each: (not LABEL.fullmatch(text(each)), each)):
        wanted = label(text(name))
        made, number = Name(name.namespace, wanted), 1
        while made in taken:
            number += 1
            made = Name(name.namespace, f"{wanted[: LONGEST - 4]}-{number}")
        taken.add(made)
        found[name] = made
    return found


def _listeners(content: Content) -> dict[str, str]:
    """Listeners of all namespaces stand side by side."""
    known = [each.listener for each in (*content.entrances, *content.unusable)]
    together = _unique(
        (Name("", f"{each.name.namespace}/{each.name.name}") for each in known), lambda name: _plain(name.name)
    )
    return {each.id: together[Name("", f"{each.name.namespace}/{each.name.name}")].name for each in known}


def _plain(text: str) -> str:
    """Without what only tells languages and namespaces apart: `istio/edge/http` is `edge/http`."""
    return text.partition("/")[2].removeprefix(ISTIO).removeprefix("ListenerSet/")


def _named(things: tuple[Any, ...]) -> tuple[Any, ...]:
    names = _unique((each.name for each in things), lambda name: name.name)
    return tuple(each if is_written_elsewhere(each.name) else replace(each, name=names[each.name]) for each in things)


def is_written_elsewhere(name: Name) -> bool:
    """Whether a policy has the name that native services give to theirs, and will have it again."""
    return name.name.startswith("service/")


def _renamed(value: Any, labels: Labels) -> Any:
    match value:
        case Service(name=name):
            return replace(_with_ports(value), name=labels.services.get(name, name))
        case Subset(name=name) if label(name) != name:
            return replace(value, name=label(name))
        case Backend(service=name, subset=subset):
            wanted = labels.services.get(name, name)
            version = label(subset) if subset is not None else None
            return value if (wanted, version) == (name, subset) else replace(value, service=wanted, subset=version)
        case Target(kind="Service", name=name) if name in labels.services:
            return replace(value, name=labels.services[name])
        case Target(kind="Listener", name=Name(name=listener)) if listener in labels.listeners:
            return replace(value, name=Name(SYSTEM_NAMESPACE, labels.listeners[listener]))
        case Workload(service=name, calls=calls):
            called = None if calls is None else tuple(labels.services.get(each, each) for each in calls)
            return replace(value, service=labels.services.get(name, name), calls=called)
        case Listener() if value.id in labels.listeners:
            return replace(value, name=Name(SYSTEM_NAMESPACE, labels.listeners[value.id]))
    return value


def _with_ports(service: Service) -> Service:
    """With names of ports that can be written; a single one that has no name is called by its protocol."""
    names = {port.name: label(port.name) if port.name else str(port.protocol) for port in service.ports}
    is_single = len(service.ports) <= 1
    ports = tuple(_port(port, names) for port in service.ports)
    addresses = tuple(_endpoint(each, names, is_single=is_single) for each in service.addresses)
    if ports == service.ports and addresses == service.addresses:
        return service
    return replace(service, ports=ports, addresses=addresses)


def _port(port: Port, names: dict[str, str]) -> Port:
    target = label(port.target) if isinstance(port.target, str) else port.target
    return replace(port, name=names[port.name], target=None if target == port.number else target)


def _endpoint(given: Endpoint, names: dict[str, str], *, is_single: bool) -> Endpoint:
    name = "" if is_single else names.get(given.port_name, given.port_name)
    return replace(given, port_name=name, labels=tuple(sorted(given.labels)))


def _placed(given: Placed, labels: Labels) -> Placed:
    return replace(given, listeners=tuple(sorted(labels.listeners.get(each, each) for each in given.listeners)))


def renames(before: Content, after: Content) -> dict[str, str]:
    """What was called otherwise before: services as `name.namespace`, listeners by their id."""
    pairs = zip(before.offers, after.offers, strict=True)
    found = {str(old.service.name): str(new.service.name) for old, new in pairs}
    entrances = zip(before.entrances, after.entrances, strict=True)
    found |= {old.listener.id: new.listener.id for old, new in entrances}
    return {old: new for old, new in found.items() if old != new}
