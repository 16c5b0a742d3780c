"""Keys that tokens are verified by: which a mesh needs from where, and rules with those that are known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tulle.envoy import issuers, scope
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.security import RequestAuthentication, TokenRule

CONFIGURATION = "/.well-known/openid-configuration"
"""Where an issuer says where its keys are (OpenID Connect Discovery 1.0 §4)."""
ENDPOINTS = "#endpoints"
"""Follows the address of a configuration from which the places are wanted where people sign in."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys at one address, and the rules that need them."""

    address: str
    rules: tuple[TokenRule, ...]

    @property
    def timeout(self) -> float:
        """Seconds that the most patient rule would wait."""
        return max(rule.timeout for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why keys cannot be fetched now, and when they could be last."""

    reason: str
    last: datetime | None = None


def address(rule: TokenRule) -> str:
    """Where the keys of a rule are, or (`CONFIGURATION`) where that is said; empty if it has them itself."""
    if rule.jwks:
        return ""
    return rule.jwks_uri or rule.issuer.removesuffix("/") + CONFIGURATION


def endpoints_address(rule: TokenRule) -> str:
    """Where the issuer of a rule says where people sign in."""
    return rule.issuer.removesuffix("/") + CONFIGURATION + ENDPOINTS


def wanted(mesh: Mesh) -> dict[str, Wanted]:
    """Everything that is to be fetched, by address.

    Keys of a server within the mesh are not: only proxies can call it, and they do.
    """
    rules: dict[str, list[TokenRule]] = {}
    inside: dict[tuple[str, str], bool] = {}
    for policy in mesh.tokens.values():
        for rule in policy.rules:
            if found := address(rule):
                key = (policy.name.namespace, rule.jwks_uri)
                if key not in inside:
                    inside[key] = _is_inside(mesh, *key)
                if not inside[key]:
                    rules.setdefault(found, []).append(rule)
    for rule in mesh.edge.token_rules if mesh.edge is not None else ():
        if found := address(rule):
            rules.setdefault(found, []).append(rule)
    for rule in mesh.edge.sign_in_rules if mesh.edge is not None else ():
        rules.setdefault(endpoints_address(rule), []).append(rule)
    return {each: Wanted(each, tuple(rules[each])) for each in sorted(rules)}


def with_keys(policy: RequestAuthentication, keys: Mapping[str, str]) -> RequestAuthentication:
    """The policy with the keys that are known by address; itself if there are none for it."""
    found = tuple(keys.get(address(rule), "") for rule in policy.rules)
    return _filled(policy, found) if any(found) else policy


class Keyed:
    """All policies about tokens with the keys that are known, kept up to date."""

    def __init__(self) -> None:
        self.policies: dict[Name, RequestAuthentication] = {}
        self._keys: Mapping[str, str] = {}

    def update(
        self, policies: Mapping[Name, RequestAuthentication], changed: Iterable[Name], keys: Mapping[str, str]
    ) -> frozenset[Name]:
        """Take in policies, of which `changed` differ from the last time, and keys; the names that differ now."""
        if keys is not self._keys:
            self._keys, changed = keys, {*policies, *changed}
        now = [(name, with_keys(policies[name], keys) if name in policies else None) for name in changed]
        before, self.policies = self.policies, replaced(self.policies, now)
        return frozenset(name for name, each in now if before.get(name) is not each)


def findings(wishes: Mapping[str, Wanted], failures: Mapping[str, Failure]) -> tuple[Finding, ...]:
    """What cannot be fetched, at every rule that needs it."""
    return tuple(
        Finding.warning(rule.origin, _sentence(rule, each, failures[each]))
        for each, wish in wishes.items()
        if each in failures
        for rule in wish.rules
    )


@remember(size=2)
def _filled(policy: RequestAuthentication, found: tuple[str, ...]) -> RequestAuthentication:
    rules = (replace(rule, jwks=keys) if keys else rule for rule, keys in zip(policy.rules, found, strict=True))
    return replace(policy, rules=tuple(rules))


def _is_inside(mesh: Mesh, namespace: str, uri: str) -> bool:
    place = issuers.place(uri)
    if place is None or place.scheme != "http":
        return False
    return isinstance(scope.resolve(mesh, namespace, place.authority), scope.Target)


def _sentence(rule: TokenRule, where: str, failure: Failure) -> str:
    if where.endswith(ENDPOINTS):
        what = f'where people sign in at issuer "{rule.issuer}" cannot be fetched from {where.removesuffix(ENDPOINTS)}'
        last = f"what it said last, at {failure.last:%Y-%m-%d %H:%M} UTC, still counts" if failure.last else ""
        return f"{what}: {failure.reason}; {last or 'nobody can sign in yet'}"
    if failure.last is not None:
        rest = f"the last known keys from {failure.last:%Y-%m-%d %H:%M} UTC still count"
    elif rule.jwks_uri:
        rest = "no token of it can be verified yet, unless proxies reach that address themselves"
    else:
        rest = "no token of it can be verified yet"
    whose = f' of issuer "{rule.issuer}"' if rule.issuer else ""
    return f"the keys{whose} cannot be fetched from {where}: {failure.reason}; {rest}"
