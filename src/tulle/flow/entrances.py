"""Where requests come in: the listeners of every language, which of them count, and what routes need to know of them.

Pure, and looked at anew only when something changed that can concern listeners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tulle.flow import conflicts, ingress
from tulle.flow.claims import Claims
from tulle.flow.gateways import Arrangement, arrange
from tulle.flow.index import Index
from tulle.flow.joining import typed
from tulle.flow.listener_references import Inventory
from tulle.flow.merge import Merge, Position
from tulle.flow.surroundings import Surroundings, differences
from tulle.kit.memo import remember
from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding
from tulle.model.listeners import Certificate, Listener
from tulle.model.mesh import Object, Settings
from tulle.model.names import INGRESS, ISTIO, SYSTEM_NAMESPACE, Name
from tulle.model.objects import (
    ConfigMap,
    Gateway,
    GatewayClass,
    Grant,
    ListenerSet,
    Namespace,
    Secret,
    SharedCertificates,
)
from tulle.model.services import Service

DEFAULT_LISTENER = Listener(name=Name(SYSTEM_NAMESPACE, "http"), origin=BUILT_IN, port=8080)
"""Where the gateway listens when there are routes and nobody said where."""
KINDS: tuple[type[Object], ...] = (
    ConfigMap,
    Gateway,
    GatewayClass,
    Grant,
    ListenerSet,
    Namespace,
    Secret,
    SharedCertificates,
)
"""What listeners, or whose routes they take, may depend on."""
Named = TypeVar("Named", Listener, SharedCertificates)
Untrusted = Mapping[Name, tuple[tuple[str, str], ...]]
EMPTY = arrange(Inventory())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What else there is that asks for listeners."""

    has_routes: bool = False
    """Native routes of the gateway."""
    has_ingress: bool = False
    has_broken_listener: bool = False
    """Whether a native listener is written that cannot be read: then nothing takes its place."""
    guarded: Mapping[Name, Name] = field(default_factory=dict)
    """Gateways that enforce something else than the usual, by name; those for which it is the same have the same."""


class Entrances:
    """The arranged listeners, kept up to date."""

    def __init__(self) -> None:
        self.arrangement: Arrangement = EMPTY
        self.inventory = Inventory()
        self.around = Surroundings()
        """What routes need to know, as of the last update."""
        self.native: dict[Name, Listener] = {}
        """Listeners of native files that count; and the usual one, where there is none."""
        self.findings: tuple[Finding, ...] = ()
        self._grants: Index[str, Grant] = Index(lambda each: (each.name.namespace,), lambda name, _: name)
        self._wanted = Wanted()
        self._settings: Settings | None = None

    def update(
        self,
        merge: Merge,
        services: Mapping[Name, Service],
        untrusted: Untrusted,
        settings: Settings,
        wanted: Wanted,
        position: Position,
    ) -> frozenset[Name]:
        """Take in what was merged now; the names that routes may depend on and that mean something else now."""
        changed = merge.changed
        is_same = (
            not changed.listeners
            and not merge.parts_moved  # Of listeners that cannot be together the first one counts.
            and not any(kind in changed.objects for kind in KINDS)
            and (wanted, settings) == (self._wanted, self._settings)
        )
        self._wanted, self._settings = wanted, settings
        before = self.around
        if not is_same:
            self._arrange(merge, settings, wanted, position)
        if is_same and untrusted == before.untrusted:
            # Hints about names may be others, too.
            self.around = replace(before, services=services)
            return frozenset()
        around = replace(self.inventory.around, services=services, untrusted=untrusted)
        self.around = self._with_shared(self.arrangement.surroundings(around), settings)
        return differences(before, self.around)

    def _with_shared(self, around: Surroundings, settings: Settings) -> Surroundings:
        """Native listeners take the routes of Ingresses, where they are in the place of the usual ones for those."""
        shared = tuple(each for each in self.native.values() if ingress.is_shared(each, settings))
        if not self._wanted.has_ingress or not shared:
            return around
        return replace(around, listeners={**around.listeners, INGRESS: (*around.listeners.get(INGRESS, ()), *shared)})

    def _arrange(self, merge: Merge, settings: Settings, wanted: Wanted, position: Position) -> None:
        grants = self._grants.update(typed(merge, Grant), merge.changed.objects.get(Grant, ()))
        by_namespace = dict(self.inventory.around.grants)
        for namespace in grants:
            by_namespace[namespace] = self._grants.get(namespace)
        secrets = typed(merge, Secret)
        own, found, findings = self._others(merge, settings, wanted, position)
        kept, problems = conflicts.listeners(own)
        arranged = (each for each in merge.listeners.table.values() if _is_arranged(each))
        foreign = sorted(arranged, key=lambda each: (each.origin.offset, each.name))
        around = Surroundings(
            gateways=typed(merge, Gateway),
            sets={each.key: each for each in typed(merge, ListenerSet).values()},
            namespaces={each.name: each for each in typed(merge, Namespace).values()},
            grants={namespace: each for namespace, each in by_namespace.items() if each},
            silent=_silent(merge, settings, kept),
            root_namespace=settings.root_namespace,
        )
        self.inventory = Inventory(
            listeners=(*(_rooted(each, secrets, settings) for each in own if each not in kept), *foreign),
            around=around,
            classes={each.name: each for each in typed(merge, GatewayClass).values()},
            secrets=secrets,
            config_maps=typed(merge, ConfigMap),
            guarded=wanted.guarded,
        )
        self.arrangement = arrange(self.inventory)
        self.native = {each.name: each for each in found if each not in kept}
        self.findings = (*findings, *problems, *self.arrangement.findings)

    def _others(
        self, merge: Merge, settings: Settings, wanted: Wanted, position: Position
    ) -> tuple[list[Listener], list[Listener], list[Finding]]:
        """Listeners that are no business of Gateway API in their order, the native ones among them, and findings."""
        findings: list[Finding] = []
        written = _own(merge, position)
        shared = _in_order(merge.objects.get(SharedCertificates), typed(merge, SharedCertificates).values(), position)
        native = [each for each in written if each.gateway is None]
        if not native and wanted.has_routes and not wanted.has_broken_listener:
            native = [DEFAULT_LISTENER]
        selected = []
        for each in written:
            if each.gateway is None:
                continue
            if _is_selected(each, settings):
                selected.append(each)
            else:
                findings.append(_not_selected(each, settings))
        made: tuple[Listener, ...] = ()
        if wanted.has_ingress:
            native = [ingress.sharing(each, shared, settings) for each in native]
            made = ingress.listeners(shared, {each.port for each in native}, settings)
        return [*native, *selected, *made], native, findings


def _is_arranged(listener: Listener) -> bool:
    """Whether Gateway API says where it is and what it is beside others."""
    gateway = listener.gateway
    return gateway is not None and gateway != INGRESS and not gateway.name.startswith(ISTIO)


def _own(merge: Merge, position: Position) -> list[Listener]:
    """Listeners that are no business of Gateway API, in the order in which they were written."""
    claims = merge.listeners
    return _in_order(claims, [each for each in claims.table.values() if not _is_arranged(each)], position)


def _in_order(claims: Claims[Any] | None, things: Iterable[Named], position: Position) -> list[Named]:
    """In the order in which they were written."""
    if claims is None:
        return []
    return sorted(things, key=lambda each: position(claims.part_of(each.name)))


def _is_selected(listener: Listener, settings: Settings) -> bool:
    return frozenset(listener.selector) <= frozenset(settings.gateway_labels)


def _silent(merge: Merge, settings: Settings, refused: frozenset[Listener]) -> dict[Name, str]:
    """Gateways of Istio with listeners that do not listen, and why in a few words."""
    found: dict[Name, str] = {}
    for each in merge.listeners.table.values():
        if each.gateway is None or _is_arranged(each):
            continue
        if not _is_selected(each, settings):
            found[each.gateway] = "selects no gateway here"
        elif each in refused:
            found[each.gateway] = "has no port that is free"
    return found


def _not_selected(listener: Listener, settings: Settings) -> Finding:
    labels = ", ".join(f"{key}={value}" for key, value in listener.selector)
    ours = ", ".join(f"{key}={value}" for key, value in settings.gateway_labels)
    message = f"selects no gateway: {labels}; the gateway here has {ours} (mesh.gateway_labels of a native file)"
    return Finding.warning(listener.origin, f"{listener.origin.subject}: {message}")


def _rooted(listener: Listener, secrets: Mapping[Name, Secret], settings: Settings) -> Listener:
    """The listener with the secrets that are not in its own namespace, but beside the gateway (Istio)."""
    certificates = tuple(_found(each, secrets, settings) for each in listener.certificates)
    trust = listener.client_trust
    names: tuple[Name, ...] = ()
    if trust is not None and trust.searches_root:
        names = tuple(_authority(each, secrets, settings) for each in trust.secrets)
    if certificates == listener.certificates and (trust is None or names in {(), trust.secrets}):
        return listener
    return _with(listener, certificates, names)


@remember(size=4)
def _with(listener: Listener, certificates: tuple[Certificate, ...], authorities: tuple[Name, ...]) -> Listener:
    trust = listener.client_trust
    if trust is not None and authorities:
        trust = replace(trust, secrets=authorities)
    return replace(listener, certificates=certificates, client_trust=trust)


def _found(certificate: Certificate, secrets: Mapping[Name, Secret], settings: Settings) -> Certificate:
    name = certificate.secret
    if name is None or not certificate.searches_root or name in secrets:
        return certificate
    elsewhere = Name(settings.root_namespace, name.name)
    return replace(certificate, secret=elsewhere) if elsewhere in secrets else certificate


def _authority(name: Name, secrets: Mapping[Name, Secret], settings: Settings) -> Name:
    """Istio's order: `<name>-cacert`, or the secret itself; in its own namespace, then beside the gateway."""
    for namespace in (name.namespace, settings.root_namespace):
        for word in (f"{name.name}-cacert", name.name):
            secret = secrets.get(Name(namespace, word))
            if secret is not None and secret.get("ca.crt", "cacert"):
                return secret.name
    return name
