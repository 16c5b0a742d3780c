"""Treatments: how one caller treats one port of a service, put together from all documents that say something of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tulle.envoy import localities
from tulle.envoy.callers import Caller
from tulle.envoy.endpoint_views import Preference
from tulle.envoy.scope import is_exported
from tulle.kit.memo import remember
from tulle.kit.quick import quick
from tulle.model.names import Name
from tulle.model.policies import Policy, TlsMode
from tulle.model.services import Destination, Port, Service, Subset

Labels = tuple[tuple[str, str], ...]


@quick
@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Treatment:
    """What holds between a caller and a port of a service. Compared by identity: equal questions get the same one."""

    policy: Policy
    labels: Labels = ()
    """Of the endpoints that are called: those of the subset."""
    preference: Preference | None = None
    shown_secret: Name | None = None
    """What only some gateways show there; their clusters have names of their own."""


@remember(size=4)
def showing(treated: Treatment, secret: Name) -> Treatment:
    """The treatment by a gateway that shows a certificate to servers which it verifies, and has no other one."""
    tls = treated.policy.tls
    if tls is None or tls.mode is not TlsMode.SIMPLE:
        return treated
    policy = replace(treated.policy, tls=replace(tls, shown_secret=secret))
    return replace(treated, policy=policy, shown_secret=secret)


def treatment(service: Service, port: Port, subset: str, caller: Caller, root_namespace: str) -> Treatment | None:
    """How a caller treats a port (`subset` empty: all its endpoints); None if it knows no subset of that name."""
    chosen = destinations(service, caller, root_namespace)
    found = _treatment(service, port.number, subset, chosen)
    if found is None:
        return None
    preference = localities.preference(found.policy, caller)
    return found if preference is None else _preferring(service, found, preference)


def destinations(service: Service, caller: Caller, root_namespace: str) -> tuple[Destination, ...]:
    """The documents that decide for a caller, the oldest first: of one host, in one namespace."""
    if not service.destinations:
        return ()
    labels = caller.labels if any(each.clients for each in service.destinations) else ()
    return _destinations(service, caller.lives_in(root_namespace), labels, root_namespace)


def seen(caller: Caller, services: Iterable[Service]) -> Caller:
    """The caller without what makes no difference to any of these services: what many callers have in common."""
    asked = [_asks(service) for service in services]
    return Caller(
        namespace=caller.namespace,
        account=caller.account if caller.is_gateway else "",
        labels=caller.labels if any(by_labels for by_labels, _ in asked) else (),
        locality=caller.locality if any(by_place for _, by_place in asked) else None,
    )


@remember(size=1)
def _asks(service: Service) -> tuple[bool, bool]:
    """Whether labels, and whether the place of a caller may decide how the service is treated."""
    policies = [service.policy, *_all_policies(service.subsets)]
    for each in service.destinations:
        policies.extend(
            (each.policy or service.policy, *dict(each.port_policies).values(), *_all_policies(each.subsets))
        )
    settings = [each.load_balancing.locality for each in policies]
    by_labels = any(each is not None and each.failover_priority for each in settings)
    is_ordered = any(each.outlier_detection for each in policies)
    return (
        by_labels or any(each.clients for each in service.destinations),
        is_ordered or any(each is not None for each in settings),
    )


def _all_policies(subsets: tuple[Subset, ...]) -> Iterable[Policy]:
    for subset in subsets:
        if subset.policy is not None:
            yield subset.policy
        yield from dict(subset.port_policies).values()


@remember(size=1024)
def _destinations(service: Service, namespace: str, labels: Labels, root: str) -> tuple[Destination, ...]:
    """Istio's order: the namespace of the caller, then that of the service, then that of the whole mesh."""
    visible = [each for each in service.destinations if _is_for(each, namespace, labels)]
    # Those in the root namespace are for everybody, so they come last; but not what it keeps to itself.
    own = [each for each in visible if each.name.namespace == namespace != root or each.exports == (".",)]
    for place in (own, *(_in(visible, each) for each in (service.name.namespace, root))):
        here = sorted(place, key=lambda each: not each.clients)
        if here:
            return tuple(each for each in here if (each.host, each.clients) == (here[0].host, here[0].clients))
    return ()


def _in(found: list[Destination], namespace: str) -> list[Destination]:
    return [each for each in found if each.name.namespace == namespace]


def _is_for(destination: Destination, namespace: str, labels: Labels) -> bool:
    home = destination.name.namespace
    is_meant = not destination.clients or (home == namespace and set(destination.clients) <= set(labels))
    return is_meant and is_exported(destination.exports, home, namespace)


@remember(size=256)
def _treatment(service: Service, port: int, subset: str, chosen: tuple[Destination, ...]) -> Treatment | None:
    part = _subset(service, subset, chosen)
    if subset and part is None:
        return None
    said = (
        dict(part.port_policies).get(port) if part else None,
        next((policy for each in chosen if (policy := dict(each.port_policies).get(port))), None),
        part.policy if part else None,
        next((each.policy for each in chosen if each.policy), None),
    )
    policy = next((each for each in said if each is not None), service.policy)
    if policy is not service.policy:
        # What guards the service itself is its own affair.
        policy = replace(policy, rate_limit=service.policy.rate_limit, health_check=service.policy.health_check)
    return Treatment(policy, part.labels if part else ())


def _subset(service: Service, name: str, chosen: tuple[Destination, ...]) -> Subset | None:
    known = (subset for each in chosen for subset in each.subsets if subset.name == name)
    return next(known, None) or service.subset(name)


@remember(size=256)
def _preferring(service: Service, found: Treatment, preference: Preference) -> Treatment:
    return Treatment(found.policy, found.labels, preference)
