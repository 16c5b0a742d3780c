"""Policies that leave the decision to an external authorizer.

An RBAC filter that decides nothing notes in the metadata of the request whether a rule matches; the filter that asks
the authorizer only wakes up if it does (so does Istio).
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_pb2
from envoy.type.matcher.v3 import metadata_pb2, value_pb2

from tulle.envoy import access_rules, authorizers, consulted, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active
from tulle.model.security import AccessAction, AccessPolicy, Authorizer

NAME = "custom"
RBAC_METADATA = "envoy.filters.http.rbac"
PREFIX = "custom_"
DRY_RUN = "dry_run_custom"
MATCHED = "shadow_effective_policy_id"


def place(chain: Chain) -> tuple[HttpFilter, ...]:
    """Where policies name authorizers."""
    guard = chain.guard
    if guard is None or chain.port is None or not chain.side.guards:
        return ()
    policies = [each for each in guard.access if each.action is AccessAction.CUSTOM]
    return tuple(_filters(chain, policies, {each.name: each for each in consulted.asked(guard)}))


def _filters(chain: Chain, policies: list[AccessPolicy], known: dict[str, Authorizer]) -> Iterator[HttpFilter]:
    assert chain.port is not None
    seen = access_rules.view(chain.settings, chain.port, is_http=True)
    for provider in sorted({each.provider for each in policies}):
        ours = [each for each in policies if each.provider == provider]
        watched = [each for each in ours if each.is_dry_run]
        real = [each for each in ours if not each.is_dry_run]
        message = http_pb2.RBAC()
        if watched:
            message.shadow_rules.CopyFrom(access_rules.matching(watched, seen))
            message.shadow_rules_stat_prefix = DRY_RUN
            yield active(f"{NAME}.dry_run.{provider}", message)
        cluster = chain.cluster(consulted.authorizer(provider))
        if real and cluster:
            rules = access_rules.matching(real, seen, marked(provider))
            message = http_pb2.RBAC(shadow_rules=rules, shadow_rules_stat_prefix=PREFIX)
            yield active(f"{NAME}.match.{provider}", message)
            check = authorizers.for_requests(known[provider].check, cluster)
            check.filter_enabled_metadata.CopyFrom(is_marked(RBAC_METADATA, provider))
            yield active(f"{NAME}.{provider}", check)
        elif real:
            # Who cannot be asked does not agree.
            yield active(f"{NAME}.{provider}", http_pb2.RBAC(rules=access_rules.matching(real, seen)))


def marked(provider: str) -> str:
    """What the names of rules begin with whose authorizer this is."""
    return f"{provider}|"


def is_marked(metadata: str, provider: str) -> metadata_pb2.MetadataMatcher:
    """Whether a rule matched whose authorizer this is."""
    value = value_pb2.ValueMatcher(string_match=protos.starting_with(marked(provider)))
    path = [metadata_pb2.MetadataMatcher.PathSegment(key=f"{PREFIX}{MATCHED}")]
    return metadata_pb2.MetadataMatcher(filter=metadata, path=path, value=value)


FILTER = Filter(name=NAME, phase=Phase.CONSULT, place=place)
