"""What is to be done: certificates that are wanted, against those that there are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tulle.clients.acme.keys import Facts
from tulle.flow.certificates import timing
from tulle.flow.certificates.domains import WILDCARD, are_good_for, canonical_set
from tulle.flow.certificates.kept import Certificate, fingerprint, identity
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.resolvers import ChallengeKind, Resolver, WantedCertificate

Wish = tuple[str, tuple[str, ...]]
"""A resolver, and the names for which it is to have a certificate, in their one form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record, and what its certificate says; None: there is none that can be used."""

    certificate: Certificate
    facts: Facts | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be shown to clients."""
        return self.facts is not None and now < self.facts.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A certificate that is to be obtained."""

    identity: str
    resolver: Resolver
    domains: tuple[str, ...]
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done when, what serves whom, and what is wrong."""

    tasks: tuple[Task, ...] = ()
    served: Mapping[Wish, str]
    """The certificates that serve what is wanted, by identity; what is missing has none yet."""
    findings: tuple[Finding, ...] = ()


def plan(
    resolvers: Mapping[str, Resolver],
    wanted: Iterable[WantedCertificate],
    known: Mapping[str, Known],
    unusable: Mapping[str, str],
    provided: frozenset[str],
    now: datetime,
) -> Plan:
    """Work it out. `unusable` says of resolvers why they cannot work at all.

    Names that are `provided` by certificates of documents need none (as in Traefik).
    """
    tasks: dict[str, Task] = {}
    served: dict[Wish, str] = {}
    findings: dict[tuple[str, Origin], Finding] = {}
    orders, good = _orders(known), _good(known, now)
    for wish, resolver, domains in _possible(resolvers, wanted, findings):
        if are_good_for(provided, domains):
            continue
        name = _serving(resolver, domains, known, good, now)
        if (found := known.get(name)) is not None and found.is_valid(now):
            served[resolver.name, domains] = name
        if resolver.name in unusable:
            continue
        if name not in tasks:
            tasks[name] = _task(name, resolver, domains, found, orders.get(resolver.name, ()), now)
        if found is not None and (message := _sentence(found, resolver, tasks[name].due, now)):
            findings[message, wish.origin] = Finding.warning(wish.origin, message)
    for name, reason in unusable.items():
        findings[reason, resolvers[name].origin] = Finding.error(resolvers[name].origin, reason)
    return Plan(tasks=tuple(tasks.values()), served=served, findings=tuple(findings.values()))


def _possible(
    resolvers: Mapping[str, Resolver],
    wanted: Iterable[WantedCertificate],
    findings: dict[tuple[str, Origin], Finding],
) -> Iterator[tuple[WantedCertificate, Resolver, tuple[str, ...]]]:
    """What may be obtained, with the names in their one form; notes what can never be."""
    for wish in wanted:
        domains = canonical_set(wish.domains)
        resolver = resolvers.get(wish.resolver)
        problem = _problem(wish, domains, resolver, resolvers)
        if resolver is None or problem:
            findings[problem, wish.origin] = Finding.error(wish.origin, problem)
        else:
            yield wish, resolver, domains


def _problem(
    wish: WantedCertificate, domains: tuple[str, ...], resolver: Resolver | None, resolvers: Mapping[str, Resolver]
) -> str:
    """Why it can never be obtained as it is written; empty if it may be."""
    if resolver is None:
        return f'there is no certificate resolver "{wish.resolver}"{did_you_mean(wish.resolver, resolvers)}'
    if not domains:
        return f'resolver "{wish.resolver}" gets no certificate: neither the rule nor tls.domains names a host'
    wildcards = [domain for domain in domains if domain.startswith(WILDCARD)]
    if wildcards and ChallengeKind.DNS not in resolver.challenges:
        return f'resolver "{wish.resolver}" gets no certificate for {wildcards[0]}: wildcards need a dnsChallenge'
    if any(WILDCARD in domain.removeprefix(WILDCARD) or domain == "*" for domain in domains):
        return f"no certificate can be for {', '.join(domains)}: * stands for one label, and stands first"
    return ""


Good = Mapping[tuple[str, str], Sequence[tuple[datetime, str]]]
"""By resolver and a name of theirs, certificates that can be shown: when they end, and their identity."""


def _good(known: Mapping[str, Known], now: datetime) -> Good:
    found: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for identity_of, each in known.items():
        if each.facts is not None and each.is_valid(now):
            for name in each.facts.names:
                found.setdefault((each.certificate.resolver, name), []).append((each.facts.end, identity_of))
    return found


def _serving(
    resolver: Resolver, domains: tuple[str, ...], known: Mapping[str, Known], good: Good, now: datetime
) -> str:
    """The certificate that serves some names, or will: their own, or another one of the resolver that has them all."""
    own = identity(resolver.name, domains)
    if (found := known.get(own)) is not None and found.is_valid(now):
        return own
    first = domains[0]
    others = [
        (end, name)
        for form in (first, f"{WILDCARD}{first.partition('.')[2]}")
        for end, name in good.get((resolver.name, form), ())
        if (facts := known[name].facts) is not None and are_good_for(facts.names, domains)
    ]
    return max(others)[1] if others else own


def _task(
    name: str,
    resolver: Resolver,
    domains: tuple[str, ...],
    found: Known | None,
    orders: Sequence[datetime],
    now: datetime,
) -> Task:
    mine: tuple[datetime, ...] = ()
    due = now
    if found is not None:
        mine, domains = found.certificate.orders, found.certificate.domains
        due = _due(name, found, resolver, now)
    due = max(due, timing.allowed(resolver.server.directory, mine, orders, now))
    return Task(identity=name, resolver=resolver, domains=domains, due=due)


def _due(name: str, found: Known, resolver: Resolver, now: datetime) -> datetime:
    """When it is to be obtained, as far as it alone is concerned."""
    certificate = found.certificate
    is_of_another = certificate.authority and certificate.authority != resolver.server.directory
    due = now
    if found.facts is not None and not is_of_another:
        if found.is_valid(now):
            due = timing.renewal(found.facts, resolver.lifetime, name)
        if certificate.orders and not certificate.problem:
            due = max(due, timing.again(found.facts, certificate.orders[-1]))
    if certificate.retry is not None and certificate.settings == fingerprint(resolver):
        due = max(due, certificate.retry)
    return due


def _orders(known: Mapping[str, Known]) -> dict[str, list[datetime]]:
    """When certificates were ordered lately, by resolver."""
    found: dict[str, list[datetime]] = {}
    for each in known.values():
        found.setdefault(each.certificate.resolver, []).extend(each.certificate.orders)
    return found


def _sentence(found: Known, resolver: Resolver, due: datetime, now: datetime) -> str:
    """What is wrong with a certificate; empty if nothing is."""
    certificate = found.certificate
    names, authority = ", ".join(certificate.domains), resolver.server.directory
    rest = f"it is tried again at {due:%Y-%m-%d %H:%M:%S} UTC"
    if not certificate.problem:
        if found.facts is None or found.is_valid(now) or due <= now:
            return ""
        return (
            f"the certificate for {names} that {authority} signed ended at {found.facts.end:%Y-%m-%d %H:%M} UTC; "
            f"is the clock of this machine right? {rest}"
        )
    if found.facts is not None and found.is_valid(now):
        rest = f"the one that ends at {found.facts.end:%Y-%m-%d %H:%M} UTC still counts; {rest}"
    return f"the certificate for {names} cannot be obtained from {authority}: {certificate.problem}; {rest}"
