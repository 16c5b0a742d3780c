"""Policies for TLS to backends: which one counts for which service, and what is wrong with the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tulle.envoy import mesh_secrets
from tulle.flow.surroundings import seen
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.objects import BackendTls, ConfigMap
from tulle.model.policies import ClientTls, TlsMode
from tulle.model.services import Service
from tulle.model.statuses import Condition

NONE_NAMED = "it names no authorities that could be used"


@dataclass(slots=True)
class TlsPolicies:
    """What policies say together."""

    tls: dict[Name, dict[str, ClientTls]] = field(default_factory=dict)
    """By service: how it is called on a port, by its name; empty for all ports without their own."""
    untrusted: dict[Name, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Services that nobody may call, as nobody could verify them: `Surroundings.untrusted`."""
    conditions: dict[Name, tuple[Condition, ...]] = field(default_factory=dict)
    """By policy."""
    findings: list[Finding] = field(default_factory=list)

    def warn(self, policy: BackendTls, message: str) -> None:
        """Something about a policy."""
        self.findings.append(Finding.warning(policy.origin, f"{policy.origin.subject}: {message}"))


def tls_policies(
    policies: Iterable[BackendTls], services: Mapping[Name, Service], config_maps: Mapping[Name, ConfigMap]
) -> TlsPolicies:
    """Of policies for the same port of a service the oldest counts."""
    found = TlsPolicies()
    owners: dict[tuple[Name, str], BackendTls] = {}
    for policy in sorted(policies, key=lambda each: (not each.created, each.created, each.name)):
        faults = list(policy.problems)
        maps = tuple(name for name in policy.ca_maps if _is_good(name, policy, config_maps, faults, found))
        if policy.ca_maps and not maps:
            faults.append(("Accepted", "NoValidCACertificate", "there are no authorities that could be used"))
        for kind, name, section in policy.targets:
            if kind == "Service":
                target = Name(policy.name.namespace, name)
                _note_target(policy, target, section, services, found)
                owner = owners.setdefault((target, section), policy)
                if owner is policy:
                    _apply(policy, target, section, maps, faults, found)
                else:
                    message = f"{owner.origin.subject} ({owner.origin}) is for the same service, and older"
                    faults.append(("Accepted", "Conflicted", message))
                    found.warn(policy, f"is not used for service {name}: {message}")
        found.conditions[policy.name] = tuple(_condition(type_, faults) for type_ in ("Accepted", "ResolvedRefs"))
    return found


def _condition(type_: str, faults: list[tuple[str, str, str]]) -> Condition:
    fault = next((fault for fault in faults if fault[0] == type_), None)
    if fault is None:
        return Condition(type=type_, status=True, reason=type_)
    return Condition(type=type_, status=False, reason=fault[1], message=fault[2])


def _is_good(
    name: Name,
    policy: BackendTls,
    config_maps: Mapping[Name, ConfigMap],
    faults: list[tuple[str, str, str]],
    found: TlsPolicies,
) -> bool:
    config_map = config_maps.get(name)
    problem = "it does not exist" if config_map is None else mesh_secrets.authority_problem(config_map)
    if problem:
        message = f'ConfigMap "{name.name}": {problem}'
        faults.append(("ResolvedRefs", "InvalidCACertificateRef", message))
        found.findings.append(Finding.error(policy.origin, f"{policy.origin.subject}: {message}"))
    return not problem


def _note_target(
    policy: BackendTls, target: Name, section: str, services: Mapping[Name, Service], found: TlsPolicies
) -> None:
    """A policy for something that does not exist is a warning: it may come later."""
    service = services.get(target)
    shown = f'service "{seen(target, policy.name.namespace)}"'
    if service is None:
        found.warn(policy, f"{shown} does not exist; the policy has no effect")
    elif section and all(port.name != section for port in service.ports):
        names = ", ".join(port.name for port in service.ports)
        found.warn(policy, f'{shown} has no port "{section}"; it has {names}')


def _apply(
    policy: BackendTls,
    target: Name,
    section: str,
    maps: tuple[Name, ...],
    faults: list[tuple[str, str, str]],
    found: TlsPolicies,
) -> None:
    if not maps and not policy.uses_system_ca:
        why = next((message for condition, _, message in faults if condition == "Accepted"), NONE_NAMED)
        text = f"{policy.origin.subject} wants TLS to it, but {why}"
        found.untrusted[target] = (*found.untrusted.get(target, ()), (section, text))
        return
    found.tls.setdefault(target, {})[section] = ClientTls(
        mode=TlsMode.SIMPLE,
        ca_maps=maps,
        uses_system_ca=policy.uses_system_ca,
        server_name=policy.server_name,
        subject_alt_names=policy.subject_alt_names or (policy.server_name,),
    )
