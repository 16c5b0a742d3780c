"""Why a request was refused by a guard, in sentences: which policy, which authorizer, what is wrong with the token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.type.matcher.v3 import metadata_pb2, value_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Side
from tulle.model.guards import Guard
from tulle.model.security import AccessAction, AccessPolicy

Condition: TypeAlias = accesslog_pb2.AccessLogFilter
RBAC_METADATA = "envoy.filters.http.rbac"
DENIED_BY = "deny_enforced_effective_policy_id"
ALLOW_RESULT = "allow_enforced_engine_result"
DETAILS = "%RESPONSE_CODE_DETAILS%"
NAMED_AT_MOST = 3


def refusals(chain: Chain) -> Iterator[tuple[Condition, str]]:
    """Conditions on answers that Envoy made up itself, each with its reason; the first that holds counts."""
    guard = chain.guard
    if guard is None or not chain.side.guards:
        return
    caller = " from %DOWNSTREAM_PEER_URI_SAN%" if chain.side is Side.INBOUND else ""
    if any(policy.rules for policy in guard.tokens):
        yield _both(_flagged("UAEX"), status(401)), f"the token of the request is no good: {DETAILS}"
    enforced = [each for each in guard.access if not each.is_dry_run]
    actions = {each.action for each in enforced}
    if AccessAction.CUSTOM in actions:
        yield _flagged("UAEX"), f"the authorizer of {_place(guard, chain)} did not agree: {DETAILS}"
    if actions & {AccessAction.DENY, AccessAction.CUSTOM}:
        present = value_pb2.ValueMatcher(present_match=True)
        who = f"%DYNAMIC_METADATA({RBAC_METADATA}:{DENIED_BY})%"
        yield _noted(DENIED_BY, present), f"{who} denies this request{caller}"
    if AccessAction.ALLOW in actions:
        allowing = [each for each in enforced if each.action is AccessAction.ALLOW]
        denied = value_pb2.ValueMatcher(string_match=protos.exactly("denied"))
        yield _noted(ALLOW_RESULT, denied), f"{_names(allowing)} allow this request{caller}"
    if guard.allow is not None:
        yield status(403), f'service "{guard.service}" does not allow this request{caller}'


def status(code: int) -> Condition:
    """Answers with this status."""
    value = protos.runtime_number(code)
    comparison = accesslog_pb2.ComparisonFilter(op=accesslog_pb2.ComparisonFilter.EQ, value=value)
    return Condition(status_code_filter=accesslog_pb2.StatusCodeFilter(comparison=comparison))


def _place(guard: Guard, chain: Chain) -> str:
    return f'service "{guard.service}"' if chain.side is Side.INBOUND else "the gateway"


def _names(policies: list[AccessPolicy]) -> str:
    """The subject of `allow this request`, for policies that do not."""
    names = [f'"{each.name}"' for each in policies]
    if len(names) == 1:
        return f"policy {names[0]} does not"
    rest = len(names) - NAMED_AT_MOST
    more = f" and {rest} more" if rest > 0 else ""
    return f"policies {', '.join(names[:NAMED_AT_MOST])}{more} do not"


def _flagged(flag: str) -> Condition:
    return Condition(response_flag_filter=accesslog_pb2.ResponseFlagFilter(flags=[flag]))


def _both(*conditions: Condition) -> Condition:
    return Condition(and_filter=accesslog_pb2.AndFilter(filters=conditions))


def _noted(key: str, value: value_pb2.ValueMatcher) -> Condition:
    path = [metadata_pb2.MetadataMatcher.PathSegment(key=key)]
    matcher = metadata_pb2.MetadataMatcher(filter=RBAC_METADATA, path=path, value=value)
    return Condition(
        metadata_filter=accesslog_pb2.MetadataFilter(matcher=matcher, match_if_key_not_found=protos.flag(False))
    )
