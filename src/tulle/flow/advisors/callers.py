"""Access policies that name callers whom nobody here is: identities, service accounts, namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import Advised, Key, Ledger, World, account_key, workloads_of
from tulle.flow.joining import typed
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.names import CLUSTER_DOMAIN, SYSTEM_NAMESPACE
from tulle.model.security import AccessPolicy, AccessRule, AccessSource, Values

GATEWAY = "gateway"
"""Account of the gateway, in the namespace of the system."""


class Callers:
    """Looks at every policy by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[AccessPolicy] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        self._ledger.track(typed(world.merge, AccessPolicy), world.changed(AccessPolicy), world)

    def findings(self) -> Iterable[Finding]:
        """About every name that nobody has."""
        return self._ledger.findings()


ADVISOR = Callers


def advise(policy: AccessPolicy, world: World) -> Advised:
    """Look at one policy."""
    keys: set[Key] = set()
    found: list[Finding] = []
    for rule in policy.rules:
        for source in rule.sources:
            found += _about_source(policy, rule, source, world, keys)
    return Advised(tuple(found), tuple(keys))


def _about_source(
    policy: AccessPolicy, rule: AccessRule, source: AccessSource, world: World, keys: set[Key]
) -> Iterator[Finding]:
    for text, origin in _plain(source.principals):
        if (place := _identity(text, world)) is not None and not _has_account(*place, world, keys):
            yield _nobody(policy, rule, origin, text, *place, world)
    for text, origin in _plain(source.service_accounts):
        namespace, slash, account = text.partition("/")
        place = (namespace, account) if slash else (policy.name.namespace, text)
        if not _has_account(*place, world, keys):
            yield _nobody(policy, rule, origin, text, *place, world)
    for text, origin in _plain(source.namespaces):
        keys.add(workloads_of(text))
        known = {*world.guarding.by_namespace, SYSTEM_NAMESPACE}
        if text not in known:
            hint = _gateway_hint(text, world) or did_you_mean(text, sorted(known))
            yield _finding(policy, rule, origin, f'no workload runs in namespace "{text}"{hint}')


def _plain(values: Values) -> Iterator[tuple[str, Origin]]:
    """Names that are no patterns."""
    for text in (*values.values, *values.excluded):
        if "*" not in text:
            yield text, values.origin


def _identity(text: str, world: World) -> tuple[str, str] | None:
    """Namespace and account, if the identity is one that this mesh gives."""
    settings = world.settings
    match text.split("/"):
        case [domain, "ns", namespace, "sa", account]:
            is_ours = domain in {settings.trust_domain, CLUSTER_DOMAIN, *settings.trust_domain_aliases}
            return (namespace, account) if is_ours else None
        case _:
            return None


def _has_account(namespace: str, account: str, world: World, keys: set[Key]) -> bool:
    keys.add(account_key(namespace, account))
    return (namespace, account) in world.accounts or (namespace, account) == (SYSTEM_NAMESPACE, GATEWAY)


def _nobody(
    policy: AccessPolicy, rule: AccessRule, origin: Origin, text: str, namespace: str, account: str, world: World
) -> Finding:
    here = sorted(name for space, name in world.accounts if space == namespace)
    hint = did_you_mean(account, here) or _gateway_hint(namespace, world)
    where = f'no workload of namespace {namespace} has the account "{account}"'
    return _finding(policy, rule, origin, f'"{text}" is nobody here: {where}{hint}')


def _gateway_hint(namespace: str, world: World) -> str:
    """In other meshes gateways live in the root namespace."""
    if namespace != world.settings.root_namespace:
        return ""
    return f"; the gateway here is {world.settings.trust_domain}/ns/{SYSTEM_NAMESPACE}/sa/{GATEWAY}"


def _finding(policy: AccessPolicy, rule: AccessRule, origin: Origin, message: str) -> Finding:
    return Finding.warning(origin if origin.file else rule.origin, f"{policy.origin.subject}: {message}")
