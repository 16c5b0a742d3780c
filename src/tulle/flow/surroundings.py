"""What routes, listeners and policies need to know of others: who listens, who consents, what exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from tulle.flow.nearest import Nearest
from tulle.model.findings import did_you_mean
from tulle.model.hostnames import wider
from tulle.model.listeners import Admission, Listener
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.objects import Gateway, Grant, ListenerSet, Namespace
from tulle.model.routes import Referrer
from tulle.model.services import Service

Key = TypeVar("Key")
METADATA_NAME = "kubernetes.io/metadata.name"
"""A label that every namespace has, with its name."""


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """Everything that exists. Never changed: a change makes another one."""

    listeners: Mapping[Name, tuple[Listener, ...]] = field(default_factory=dict)
    """By gateway or listener set, as `Listener.gateway` names it; those too that cannot be used."""
    unusable: frozenset[Name] = frozenset()
    """Names of listeners that do not listen: routes are attached to them, and get no requests from them."""
    gateways: Mapping[Name, Gateway] = field(default_factory=dict)
    """Those of Gateway API; those of Istio are only known by their listeners."""
    silent: Mapping[Name, str] = field(default_factory=dict)
    """Gateways of Istio that were written and have listeners that do not listen, and why in a few words."""
    sets: Mapping[Name, ListenerSet] = field(default_factory=dict)
    """By `ListenerSet.key`."""
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    """Those that were written."""
    grants: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    """By their namespace."""
    services: Mapping[Name, Service] = field(default_factory=dict)
    root_namespace: str = ""
    """Where the gateway stands, to Istio."""
    untrusted: Mapping[Name, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Services that a policy wants TLS to, without authorities that could be used: port (empty: all) and why."""
    _nearest: dict[str, Nearest] = field(default_factory=dict, init=False)
    _hosts: dict[Name, Mapping[tuple[str, int], frozenset[str]]] = field(default_factory=dict, init=False)

    def labels(self, namespace: str) -> Mapping[str, str]:
        """The labels of a namespace."""
        written = self.namespaces.get(namespace)
        return {METADATA_NAME: namespace, **dict(written.labels)} if written is not None else {METADATA_NAME: namespace}

    def admits(self, admission: Admission, namespace: str) -> bool:
        """Whether something of a namespace is taken."""
        if admission.selector is not None:
            return admission.selector.matches(self.labels(namespace))
        return admission.namespaces is None or namespace in admission.namespaces

    def consents(self, referrer: Referrer, group: str, kind: str, name: Name) -> bool:
        """Whether an object may refer to another one."""
        if referrer.namespace == name.namespace:
            return True
        return any(_grants(grant, referrer, group, kind, name.name) for grant in self.grants.get(name.namespace, ()))

    def is_owner(self, listener: Listener, host: str) -> bool:
        """Whether no other listener of the gateway, on the same port, is more specific for a host.

        Only for gateways of Gateway API, whose listeners are isolated from each other.
        """
        gateway = listener.gateway
        if gateway is None or gateway not in self.gateways:
            return True
        if gateway not in self._hosts:
            self._hosts[gateway] = _hosts_by_port(self.listeners.get(gateway, ()))
        known = self._hosts[gateway].get((listener.address, listener.port), frozenset())
        nearest = next((wide for wide in wider(host) if wide in known), None)
        return nearest is None or any(each.host == nearest for each in listener.hosts)

    def service_hint(self, name: Name, namespace: str) -> str:
        """`; did you mean "web"?` for a service that does not exist, seen from a namespace."""
        if namespace not in self._nearest:
            self._nearest[namespace] = Nearest([seen(known, namespace) for known in self.services])
        return self._nearest[namespace].hint(seen(name, namespace))

    def gateway_hint(self, name: Name, namespace: str) -> str:
        """The same for a gateway or listener set."""
        return did_you_mean(seen(name, namespace), [seen(known, namespace) for known in self.listeners])


def seen(name: Name, namespace: str) -> str:
    """A name as one would write it in a namespace."""
    bare = Name(name.namespace, name.name.rpartition("/")[2])
    return bare.name if bare.namespace == namespace else str(bare)


@lru_cache(256)
def namespace_key(namespace: str) -> Name:
    """Stands for the labels of a namespace, among the names that something depends on."""
    return Name(SYSTEM_NAMESPACE, f"Namespace/{namespace}")


def grants_key(namespace: str) -> Name:
    """Stands for the grants of a namespace, among the names that something depends on."""
    return Name(namespace, "ReferenceGrant/")


def differences(before: Surroundings, now: Surroundings) -> frozenset[Name]:
    """What is different, but for services, by the names that something may depend on."""
    names = _changed(before.gateways, now.gateways) | _changed(before.sets, now.sets)
    names |= _unequal(before.listeners, now.listeners) | _unequal(before.untrusted, now.untrusted)
    names |= _unequal(before.silent, now.silent)
    if before.root_namespace != now.root_namespace:
        names |= now.listeners.keys()
    for name in before.unusable ^ now.unusable:
        names |= {key for key, all_ in now.listeners.items() if any(each.name == name for each in all_)}
    names |= {namespace_key(each) for each in _changed(before.namespaces, now.namespaces)}
    names |= {grants_key(each) for each in _unequal(before.grants, now.grants)}
    return frozenset(names)


def _changed(before: Mapping[Key, object], now: Mapping[Key, object]) -> set[Key]:
    return {key for key in before.keys() | now.keys() if before.get(key) is not now.get(key)}


def _unequal(before: Mapping[Key, object], now: Mapping[Key, object]) -> set[Key]:
    return {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}


def _grants(grant: Grant, referrer: Referrer, group: str, kind: str, name: str) -> bool:
    is_source = any(
        (each.group, each.kind, each.namespace) == (referrer.group, referrer.kind, referrer.namespace)
        for each in grant.sources
    )
    return is_source and any(
        (each.group, each.kind) == (group, kind) and each.name in {"", name} for each in grant.targets
    )


def _hosts_by_port(listeners: tuple[Listener, ...]) -> Mapping[tuple[str, int], frozenset[str]]:
    found: dict[tuple[str, int], set[str]] = {}
    for listener in listeners:
        found.setdefault((listener.address, listener.port), set()).update(each.host for each in listener.hosts)
    return {place: frozenset(hosts) for place, hosts in found.items()}
