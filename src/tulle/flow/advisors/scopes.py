"""What workloads are said to see, and nobody is."""

from __future__ import annotations

from collections.abc import Iterable

from tulle.flow.advisors.base import SERVICES, Advised, Ledger, World
from tulle.flow.joining import typed
from tulle.model.extensions import Scope
from tulle.model.findings import Finding, did_you_mean
from tulle.model.hostnames import covers

EVERY = "*"


class Scopes:
    """Looks at every scope by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[Scope] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.track(typed(world.merge, Scope), world.changed(Scope), world)

    def findings(self) -> Iterable[Finding]:
        """About every host that nobody has."""
        return self._ledger.findings()


ADVISOR = Scopes


def advise(scope: Scope, world: World) -> Advised:
    """Look up the hosts of a scope."""
    if not scope.hosts:
        return Advised()
    known = [(each.name.namespace, host) for each in world.services.values() for host in each.full_hosts]
    origins = dict(scope.host_origins)
    found = []
    for space, pattern in scope.hosts:
        if pattern == EVERY or "." not in pattern:
            continue
        wanted = scope.name.namespace if space == "." else space
        there = [host for namespace, host in known if wanted in {EVERY, namespace}]
        if any(covers(pattern, host) for host in there) or wanted == "~":
            continue
        where = "" if wanted == EVERY else f" in namespace {wanted}"
        others = [host for namespace, host in known if covers(pattern, host)]
        hint = did_you_mean(pattern, there[:1000])
        if others:
            hint = f"; it is in namespace {next(namespace for namespace, host in known if covers(pattern, host))}"
        origin = origins.get((space, pattern), scope.origin)
        message = f'"{space}/{pattern}" fits nothing: no service{where} has this host{hint}'
        found.append(Finding.warning(origin, f"{scope.origin.subject}: {message}"))
    return Advised(tuple(found), (SERVICES,))
