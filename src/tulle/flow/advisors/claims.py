"""Rules at gateways that ask for claims of tokens, where the gateway verifies none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import EVERYWHERE, Advised, Ledger, World, about
from tulle.model.findings import Finding
from tulle.model.routes import AttachKind, RouteSet


class Claims:
    """Looks at every set of rules by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[RouteSet] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.update(world.routes_added, world.routes_removed, world)

    def findings(self) -> Iterable[Finding]:
        """About every rule that asks for what nobody verifies."""
        return self._ledger.findings()


ADVISOR = Claims


def advise(route: RouteSet, world: World) -> Advised:
    """Which of its rules ask for claims, if the gateway verifies no tokens."""
    is_for_gateway = any(parent.kind is AttachKind.GATEWAY for parent in route.parents)
    if not is_for_gateway or not any(match.claims for rule in route.rules for match in rule.matches):
        return Advised()
    guard = world.guarding.gateway
    verifies = guard is not None and bool(guard.tokens)
    return Advised(() if verifies else tuple(_findings(route)), (EVERYWHERE,))


def _findings(route: RouteSet) -> Iterator[Finding]:
    for rule in route.rules:
        if any(match.claims for match in rule.matches):
            message = (
                "it asks for a claim of a token, and no RequestAuthentication is about the gateway: none is verified"
            )
            yield Finding.warning(rule.origin, f"{about(rule.origin, route.origin)}: {message}")
