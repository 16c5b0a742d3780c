"""Policies that leave the decision to an external authorizer.

An RBAC filter that decides nothing notes in the metadata of the request whether a rule matches; the filter that asks
the authorizer only wakes up if it does (so does Istio).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as chained

from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_pb2
from envoy.type.matcher.v3 import metadata_pb2, value_pb2

from tulle.envoy import access_rules, authorizers, consulted, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Slot, active
from tulle.model.guards import Guard
from tulle.model.security import AccessAction, AccessPolicy

NAME = "custom"
RBAC_METADATA = "envoy.filters.http.rbac"
PREFIX = "custom_"
DRY_RUN = "dry_run_custom"
MATCHED = "shadow_effective_policy_id"


def place(chain: Chain) -> tuple[HttpFilter, ...]:
    """Where policies name authorizers."""
    return tuple(chained.from_iterable(_by_provider(chain).values()))


def slots(chain: Chain) -> Iterator[Slot]:
    """One slot for all, as long as it is one authorizer that is asked: Envoy would leave out what stands behind it.

    Each of several has a slot of its own. Connections that are older than those refuse what would have to be asked.
    """
    found = _by_provider(chain)
    asking = [
        each for each in found if chain.cluster(consulted.authorizer(each)) and _of(chain, each, is_dry_run=False)
    ]
    is_one = len(asking) <= 1
    for provider, filters in found.items():
        yield Slot(f"{NAME}.{provider}", filters, is_standing=not is_one)
    if is_one:
        last = sorted(found, key=lambda each: each in asking)
        yield Slot(NAME, tuple(chained.from_iterable(found[each] for each in last)))
    else:
        real = [policy for each in found for policy in _of(chain, each, is_dry_run=False)]
        yield Slot(NAME, (_refusing(chain, NAME, real),), is_standing=False)


def _by_provider(chain: Chain) -> dict[str, tuple[HttpFilter, ...]]:
    """The filters for each authorizer that policies name."""
    guard = chain.guard
    if guard is None or chain.port is None or not chain.side.guards:
        return {}
    providers = sorted({each.provider for each in guard.access if each.action is AccessAction.CUSTOM})
    return {each: tuple(_filters(chain, guard, each)) for each in providers}


def _of(chain: Chain, provider: str, *, is_dry_run: bool) -> list[AccessPolicy]:
    policies = chain.guard.access if chain.guard is not None else ()
    ours = [each for each in policies if each.action is AccessAction.CUSTOM and each.provider == provider]
    return [each for each in ours if each.is_dry_run is is_dry_run]


def _filters(chain: Chain, guard: Guard, provider: str) -> Iterator[HttpFilter]:
    watched, real = (_of(chain, provider, is_dry_run=each) for each in (True, False))
    if watched:
        message = http_pb2.RBAC(shadow_rules=_matching(chain, watched), shadow_rules_stat_prefix=DRY_RUN)
        yield active(f"{NAME}.dry_run.{provider}", message)
    cluster = chain.cluster(consulted.authorizer(provider))
    if real and cluster:
        rules = _matching(chain, real, marked(provider))
        yield active(f"{NAME}.match.{provider}", http_pb2.RBAC(shadow_rules=rules, shadow_rules_stat_prefix=PREFIX))
        known = next(each for each in guard.authorizers if each.name == provider)
        check = authorizers.for_requests(known.check, cluster)
        check.filter_enabled_metadata.CopyFrom(is_marked(RBAC_METADATA, provider))
        yield active(f"{NAME}.{provider}", check)
    elif real:
        yield _refusing(chain, f"{NAME}.{provider}", real)


def _refusing(chain: Chain, name: str, policies: list[AccessPolicy]) -> HttpFilter:
    """Who cannot be asked does not agree."""
    return active(name, http_pb2.RBAC(rules=_matching(chain, policies)))


def _matching(chain: Chain, policies: list[AccessPolicy], prefix: str = "") -> rbac_pb2.RBAC:
    assert chain.port is not None
    seen = access_rules.view(chain.settings, chain.port, is_http=True)
    return access_rules.matching(policies, seen, prefix)


def marked(provider: str) -> str:
    """What the names of rules begin with whose authorizer this is."""
    return f"{provider}|"


def is_marked(metadata: str, provider: str) -> metadata_pb2.MetadataMatcher:
    """Whether a rule matched whose authorizer this is."""
    value = value_pb2.ValueMatcher(string_match=protos.starting_with(marked(provider)))
    path = [metadata_pb2.MetadataMatcher.PathSegment(key=f"{PREFIX}{MATCHED}")]
    return metadata_pb2.MetadataMatcher(filter=metadata, path=path, value=value)


FILTER = Filter(name=NAME, phase=Phase.CONSULT, place=place, slots=slots)
