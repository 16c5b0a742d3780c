"""Who may call: rules of the service and access policies, decided by the proxy of the callee itself (Envoy's RBAC)."""

from __future__ import annotations

from envoy.config.rbac.v3 import rbac_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2 as http_pb2

from tulle.envoy import access_rules
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Side, Slot, active

NAME = "rbac"
DRY_RUN = "dry_run_"


def place(chain: Chain) -> tuple[HttpFilter, ...]:
    """Where callers are restricted: first what the service says, then policies that audit, deny, allow."""
    guard, port = chain.guard, chain.port
    if guard is None or port is None or not chain.side.guards:
        return ()
    found = []
    if chain.owner and chain.side is Side.INBOUND and access_rules.asks_for_paths(guard):
        # Connections that are older than these rules bring paths as clients wrote them.
        found.append(active(f"{NAME}.paths", http_pb2.RBAC(rules=access_rules.ambiguous_paths())))
    if guard.allow is not None:
        rules = access_rules.service_rules(guard, port, chain.settings.trust_domain)
        found.append(active(NAME, http_pb2.RBAC(rules=rules)))
    seen = access_rules.view(chain.settings, port, is_http=True)
    for each in access_rules.decisions(guard.access, seen):
        found.append(active(f"{NAME}.{each.action}", _rbac(each.action, each.rules, each.shadow)))
    return tuple(found)


def slots(chain: Chain) -> tuple[Slot, ...]:
    """All of them in one place."""
    return (Slot(NAME, place(chain)),)


def _rbac(action: str, rules: rbac_pb2.RBAC | None, shadow: rbac_pb2.RBAC | None) -> http_pb2.RBAC:
    """The prefixes keep the statistics of the filters of a chain apart."""
    message = http_pb2.RBAC()
    if rules is not None:
        message.rules.CopyFrom(rules)
        message.rules_stat_prefix = action
    if shadow is not None:
        message.shadow_rules.CopyFrom(shadow)
        message.shadow_rules_stat_prefix = f"{DRY_RUN}{action}"
    return message


FILTER = Filter(name=NAME, phase=Phase.AUTHORIZE, place=place, slots=slots)
