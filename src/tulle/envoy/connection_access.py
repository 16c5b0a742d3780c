"""Who may connect, where no requests are seen: the same rules and policies as for requests, as far as they go."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_pb2
from google.protobuf import message

from tulle.envoy import access_rules, authorizers, consulted, protos
from tulle.envoy.attributes import View
from tulle.envoy.filters import access, custom
from tulle.envoy.filters.base import Chain
from tulle.envoy.listeners import NetworkFilter
from tulle.model.guards import Guard
from tulle.model.security import AccessAction

RBAC_METADATA = "envoy.filters.network.rbac"
STATISTICS = "in"


def filters(chain: Chain) -> Iterator[NetworkFilter]:
    """What stands before the bytes of a port: authorizers, the rules of the service, policies."""
    guard, port = chain.guard, chain.port
    if guard is None or port is None:
        return
    seen = access_rules.view(chain.settings, port, is_http=False)
    yield from _custom(chain, guard, seen)
    if guard.allow is not None:
        rules = access_rules.service_rules(guard, port, chain.settings.trust_domain, is_http=False)
        yield _filter(access.NAME, _rbac(rules))
    for each in access_rules.decisions(guard.access, seen):
        yield _filter(f"{access.NAME}.{each.action}", _rbac(each.rules, each.shadow, f"{access.DRY_RUN}{each.action}"))


def _custom(chain: Chain, guard: Guard, seen: View) -> Iterator[NetworkFilter]:
    """Authorizers that are asked about connections; those that only know requests are not (as in Istio)."""
    known = {each.name: each for each in consulted.asked(guard)}
    policies = [each for each in guard.access if each.action is AccessAction.CUSTOM and not each.is_dry_run]
    for provider in sorted({each.provider for each in policies}):
        ours = [each for each in policies if each.provider == provider]
        cluster = chain.cluster(consulted.authorizer(provider))
        if not cluster:
            yield _filter(f"{custom.NAME}.{provider}", _rbac(access_rules.matching(ours, seen)))
            continue
        check = authorizers.for_connections(known[provider].check, cluster)
        if check is not None:
            check.filter_enabled_metadata.CopyFrom(custom.is_marked(RBAC_METADATA, provider))
            matched = access_rules.matching(ours, seen, custom.marked(provider))
            yield _filter(f"{custom.NAME}.match.{provider}", _rbac(None, matched, custom.PREFIX))
            yield _filter(f"{custom.NAME}.{provider}", check)


def _rbac(rules: rbac_pb2.RBAC | None, shadow: rbac_pb2.RBAC | None = None, prefix: str = "") -> network_pb2.RBAC:
    config = network_pb2.RBAC(stat_prefix=STATISTICS)
    if rules is not None:
        config.rules.CopyFrom(rules)
    if shadow is not None:
        config.shadow_rules.CopyFrom(shadow)
        config.shadow_rules_stat_prefix = prefix
    return config


def _filter(name: str, config: message.Message) -> NetworkFilter:
    return NetworkFilter(name=name, typed_config=protos.packed(config))
