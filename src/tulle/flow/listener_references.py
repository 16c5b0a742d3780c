"""Certificates and authorities that listeners name: those that can be used stay, the others are noted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tulle.envoy import edge_tls, mesh_secrets
from tulle.flow.surroundings import Surroundings, seen
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Certificate, ClientTrust, Listener
from tulle.model.names import Name
from tulle.model.objects import ConfigMap, Gateway, GatewayClass, Secret
from tulle.model.routes import Referrer

Fault = tuple[str, str, str]
"""Condition, reason, sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that gateways are made of."""

    listeners: tuple[Listener, ...] = ()
    """All that were written, those of other languages too."""
    around: Surroundings = field(default_factory=Surroundings)
    """Gateways, sets, namespaces and grants count here; its `listeners` are only known afterwards."""
    classes: Mapping[str, GatewayClass] = field(default_factory=dict)
    secrets: Mapping[Name, Secret] = field(default_factory=dict)
    config_maps: Mapping[Name, ConfigMap] = field(default_factory=dict)
    guarded: Mapping[Name, Name] = field(default_factory=dict)
    """Gateways that enforce something else than the usual; those for which it is the same have the same."""


@dataclass(slots=True)
class Resolution:
    """A listener with what it names."""

    listener: Listener
    """The same object if all of it can be used."""
    faults: list[Fault] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, origin: Origin, reason: str, message: str) -> None:
        """Something that it names cannot be used."""
        self.faults.append(("ResolvedRefs", reason, message))
        subject = origin.subject or self.listener.origin.subject
        self.findings.append(Finding.error(origin, f"{subject}: {message}"))


def resolve_listener(listener: Listener, inventory: Inventory) -> Resolution:
    """Look up everything that a listener names."""
    found = Resolution(listener, list(listener.problems))
    good = tuple(each for each in listener.certificates if _is_good(each, found, inventory))
    trust = listener.client_trust
    if trust is not None and not trust.ca_file:
        trust = _checked_trust(trust, found, inventory)
    is_without = any(reason in {"InvalidCertificateRef", "RefNotPermitted"} for _, reason, _ in found.faults)
    if is_without and not good:
        found.faults.append(("Programmed", "Invalid", "there is no certificate that could be used"))
    if good != listener.certificates or trust != listener.client_trust:
        found.listener = _with(listener, good, trust)
    return found


def client_certificate(gateway: Gateway, inventory: Inventory) -> tuple[Name | None, Fault | None, tuple[Finding, ...]]:
    """The secret that a gateway shows to backends, or why it shows none."""
    certificate = gateway.client_certificate
    if certificate is None or certificate.secret is None:
        problem = gateway.client_certificate_problem
        return None, ("ResolvedRefs", "InvalidClientCertificateRef", problem) if problem else None, ()
    name = certificate.secret
    shown, reason = f'secret "{seen(name, gateway.name.namespace)}"', "InvalidClientCertificateRef"
    secret = inventory.secrets.get(name)
    if not _consents(certificate.referrer, "Secret", name, inventory):
        reason, problem = "RefNotPermitted", _forbidden(name)
    else:
        problem = "does not exist" if secret is None else mesh_secrets.problem(secret)
    if not problem:
        return name, None, ()
    message = f"{shown} {problem}" if secret is None or reason == "RefNotPermitted" else f"{shown}: {problem}"
    finding = Finding.error(certificate.origin, f"{certificate.origin.subject or gateway.origin.subject}: {message}")
    return None, ("ResolvedRefs", reason, message), (finding,)


def _is_good(certificate: Certificate, found: Resolution, inventory: Inventory) -> bool:
    name, home = certificate.secret, found.listener.name.namespace
    if name is None:
        return True
    shown = f'secret "{seen(name, home)}"'
    if not _consents(certificate.referrer, "Secret", name, inventory):
        found.note(certificate.origin, "RefNotPermitted", f"{shown} {_forbidden(name)}")
        return False
    secret = inventory.secrets.get(name)
    problem = "it does not exist" if secret is None else mesh_secrets.problem(secret)
    if problem:
        found.note(certificate.origin, "InvalidCertificateRef", f"{shown}: {problem}")
    return not problem


def _checked_trust(trust: ClientTrust, found: Resolution, inventory: Inventory) -> ClientTrust:
    secrets = tuple(each for each in trust.secrets if _is_authority(each, "Secret", trust, found, inventory))
    maps = tuple(each for each in trust.ca_maps if _is_authority(each, "ConfigMap", trust, found, inventory))
    is_noted = any(reason == "NoValidCACertificate" for _, reason, _ in found.faults)
    left = replace(trust, secrets=secrets, ca_maps=maps)
    problem = edge_tls.trust_problem(left)
    if problem and not is_noted:
        found.faults.append(("Accepted", "NoValidCACertificate", problem))
    return left


def _is_authority(name: Name, kind: str, trust: ClientTrust, found: Resolution, inventory: Inventory) -> bool:
    shown = f'{kind} "{seen(name, found.listener.name.namespace)}"'
    origin = trust.origin if trust.origin.file else found.listener.origin
    if not _consents(trust.referrer, kind, name, inventory):
        found.note(origin, "RefNotPermitted", f"{shown} {_forbidden(name)}")
        return False
    source = inventory.secrets.get(name) if kind == "Secret" else inventory.config_maps.get(name)
    problem = "it does not exist" if source is None else mesh_secrets.authority_problem(source)
    if problem:
        found.note(origin, "InvalidCACertificateRef", f"{shown}: {problem}")
    return not problem


def _consents(referrer: Referrer | None, kind: str, name: Name, inventory: Inventory) -> bool:
    return referrer is None or inventory.around.consents(referrer, "", kind, name)


def _forbidden(name: Name) -> str:
    return f"may not be used from here: no ReferenceGrant in namespace {name.namespace} allows it"


@remember(size=4)
def _with(listener: Listener, certificates: tuple[Certificate, ...], trust: ClientTrust | None) -> Listener:
    return replace(listener, certificates=certificates, client_trust=trust)
