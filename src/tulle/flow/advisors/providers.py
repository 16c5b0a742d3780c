"""Names of who is asked or who gets logs, which nobody has; and those who are asked, but are no service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.envoy.access_logs import OURS
from tulle.envoy.scope import host_key
from tulle.flow.advisors.base import Advised, Key, Ledger, World
from tulle.model.extensions import AccessLogging, LogProvider, Telemetry
from tulle.model.findings import Finding, did_you_mean
from tulle.model.security import AccessAction, AccessPolicy, Authorizer


class Providers:
    """Looks at all of them whenever one is different."""

    def __init__(self) -> None:
        self._ledger: Ledger[Authorizer] = Ledger(advise)
        self._asked: tuple[Finding, ...] = ()
        self._logged: tuple[Finding, ...] = ()

    def update(self, world: World) -> None:
        """Look again if anything changed."""
        self._ledger.track(world.table(Authorizer), world.changed(Authorizer), world)
        if world.changed(AccessPolicy) or world.changed(Authorizer):
            known = {each.name for each in world.table(Authorizer).values()}
            self._asked = tuple(_asked(world.table(AccessPolicy).values(), known))
        if world.changed(Telemetry) or world.changed(LogProvider):
            said = (*world.settings.loggers, *world.table(LogProvider).values())
            known = {OURS, "stdout", *(each.name for each in said)}
            self._logged = tuple(_logged(world.table(Telemetry).values(), known))

    def findings(self) -> Iterable[Finding]:
        """About every name that nobody has."""
        return (*self._asked, *self._logged, *self._ledger.findings())


ADVISOR = Providers


def advise(authorizer: Authorizer, world: World) -> Advised:
    """Whether who is asked exists."""
    backend = authorizer.check.backend
    keys: set[Key] = {host_key(backend.host) if backend.host else backend.service}
    service = (
        world.by_host(backend.host, world.settings.root_namespace)
        if backend.host
        else world.services.get(backend.service)
    )
    if service is None:
        name = backend.host or str(backend.service)
        hint = world.host_hint(backend.host) if backend.host else world.service_hint(backend.service, "")
        message = f'provider "{authorizer.name}": service "{name}" does not exist, so nobody can be asked{hint}'
    elif service.port(backend.port) is None:
        keys.add(service.name)
        has = ", ".join(str(port.number) for port in service.ports) or "none"
        message = f'provider "{authorizer.name}": service "{service.name}" has no port {backend.port}; it has {has}'
    else:
        keys.add(service.name)
        return Advised(keys=tuple(keys))
    origin = authorizer.origin
    return Advised((Finding.warning(origin, f"{origin.subject}: {message}"),), tuple(keys))


def _asked(policies: Iterable[AccessPolicy], known: set[str]) -> Iterator[Finding]:
    for policy in policies:
        if policy.action is AccessAction.CUSTOM and policy.provider not in known:
            hint = did_you_mean(policy.provider, known) or "; name it in extensionProviders of the mesh"
            message = f'there is no provider "{policy.provider}", so all that it matches is refused{hint}'
            origin = policy.provider_origin or policy.origin
            yield Finding.error(origin, f"{policy.origin.subject}: {message}")


def _logged(policies: Iterable[Telemetry], known: set[str]) -> Iterator[Finding]:
    for policy in policies:
        for logging in policy.access_logging:
            unknown = [name for name in logging.providers if name not in known]
            origin = logging.origin if logging.origin.file else policy.origin
            for name in unknown:
                message = f'there is no provider "{name}"{_loss(logging, unknown)}{did_you_mean(name, known)}'
                yield Finding.warning(origin, f"{policy.origin.subject}: {message}")


def _loss(logging: AccessLogging, unknown: list[str]) -> str:
    """What is missed because nobody has the names."""
    if logging.is_disabled:
        return ""
    return ", so nothing is logged" if len(unknown) == len(logging.providers) else ", so it gets nothing"
