"""Access policies that ask for what the workloads that they are about cannot know: tokens, requests, ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tulle.flow.advisors.base import Advised, Key, Ledger, World
from tulle.flow.joining import typed
from tulle.model.documents import Origin
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.security import AccessAction, AccessPolicy, AccessRule, Values

TOKEN_KEYS = "request.auth."
MOST_NAMED = 3
PORT_KEY = "destination.port"
Term = tuple[str, Values]


class Access:
    """Looks at every policy by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[AccessPolicy] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.track(typed(world.merge, AccessPolicy), world.changed(AccessPolicy), world)

    def findings(self) -> Iterable[Finding]:
        """About every rule that cannot match as it should."""
        return self._ledger.findings()


ADVISOR = Access


@dataclass(slots=True)
class _About:
    """What the workloads of a policy have in common."""

    guards: list[Guard]
    is_for_gateway: bool

    @property
    def without_tokens(self) -> list[Guard]:
        """Those that verify none."""
        return [each for each in self.guards if not each.tokens]

    @property
    def sees_requests(self) -> bool:
        """Whether any of them has a port with HTTP (or none that is known)."""
        ports = [port for each in self.guards for port in each.ports]
        return self.is_for_gateway or not ports or any(port.protocol.is_http for port in ports)

    @property
    def ports(self) -> set[int]:
        """All of their ports."""
        found = {port.number for each in self.guards for port in each.ports}
        return found | {port.target for each in self.guards for port in each.ports if isinstance(port.target, int)}


def advise(policy: AccessPolicy, world: World) -> Advised:
    """Look at one policy."""
    if policy.targets or not policy.rules:
        return Advised()
    keys: set[Key] = {world.reach(policy.name.namespace, policy.selector)}
    about = _about(policy, world)
    found: list[Finding] = []
    if about.guards:
        for rule in policy.rules:
            terms = tuple(_terms(rule))
            found += _about_tokens(policy, rule, terms, about)
            found += _about_requests(policy, rule, terms, about)
            found += _about_ports(policy, rule, terms, about, world, keys)
    return Advised(tuple(found), tuple(keys))


def _about(policy: AccessPolicy, world: World) -> _About:
    known = world.guarding.guards
    guards = [known[each.name] for each in world.selected(policy.name.namespace, policy.selector) if each.name in known]
    gateway = world.guarding.gateway
    is_for_gateway = gateway is not None and policy in gateway.access
    if gateway is not None and is_for_gateway:
        guards.append(gateway)
    return _About(guards, is_for_gateway)


def _terms(rule: AccessRule) -> Iterator[Term]:
    """All that a rule asks for, by names that say what it is."""
    for source in rule.sources:
        yield "request.auth.principal", source.request_principals
    for operation in rule.operations:
        yield from (("hosts", operation.hosts), ("methods", operation.methods), ("paths", operation.paths))
        yield PORT_KEY, operation.ports
    for condition in rule.conditions:
        yield condition.key, condition.values


def _about_tokens(policy: AccessPolicy, rule: AccessRule, terms: tuple[Term, ...], about: _About) -> Iterator[Finding]:
    asked = next((values for key, values in terms if key.startswith(TOKEN_KEYS) and values), None)
    without = about.without_tokens
    if asked is None or not without or (len(without) < len(about.guards) and not policy.selector):
        return
    who = _names(without)
    message = f"it asks for a verified token, and no RequestAuthentication is about {who}: no request there has one"
    yield _finding(policy, rule, asked.origin, message)


def _about_requests(
    policy: AccessPolicy, rule: AccessRule, terms: tuple[Term, ...], about: _About
) -> Iterator[Finding]:
    if about.sees_requests:
        return
    asked = [(key, values) for key, values in terms if values and _needs_http(key)]
    if not asked:
        return
    key, values = asked[0]
    ports = ", ".join(dict.fromkeys(f"{port.number} {port.protocol}" for each in about.guards for port in each.ports))
    is_void = policy.action is AccessAction.ALLOW
    then = "the rule allows nothing" if is_void else "it is left out, and the rule matches more than it says"
    what = "a verified token" if key.startswith(TOKEN_KEYS) else key
    message = (
        f"{what} can only be seen where HTTP is spoken, and {_names(about.guards)} has none of it ({ports}): {then}"
    )
    yield _finding(policy, rule, values.origin, message)


def _needs_http(key: str) -> bool:
    return key in {"hosts", "methods", "paths"} or key.startswith("request.")


def _about_ports(
    policy: AccessPolicy, rule: AccessRule, terms: tuple[Term, ...], about: _About, world: World, keys: set[Key]
) -> Iterator[Finding]:
    known = about.ports
    if about.is_for_gateway or not known:
        return
    for text, origin in _ports(terms):
        if int(text) not in known:
            has = ", ".join(map(str, sorted(known)[:8]))
            hint = _of_service(int(text), about, world, keys)
            message = f"no workload that it selects has port {text}{hint}; {_names(about.guards)} has {has}"
            yield _finding(policy, rule, origin, message)


def _ports(terms: tuple[Term, ...]) -> Iterator[tuple[str, Origin]]:
    for key, values in terms:
        if key == PORT_KEY:
            yield from ((text, values.origin) for text in (*values.values, *values.excluded) if text.isdecimal())


def _of_service(number: int, about: _About, world: World, keys: set[Key]) -> str:
    """Policies name ports of workloads, and services call theirs by other numbers."""
    for name in dict.fromkeys(name for guard in about.guards for name in guard.answers):
        keys.add(name)
        service = world.services.get(name)
        if service is not None and service.port(number) is not None:
            return f", which is a port of service {name.name}"
    return ""


def _names(guards: list[Guard]) -> str:
    names = [each.workload.name for each in guards[:MOST_NAMED]]
    return " or ".join(names) + (" or another one" if len(guards) > len(names) else "")


def _finding(policy: AccessPolicy, rule: AccessRule, origin: Origin, message: str) -> Finding:
    place = origin if origin.file else rule.origin
    return Finding.warning(place, f"{policy.origin.subject}: {message}")
