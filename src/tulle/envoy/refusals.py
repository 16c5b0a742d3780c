"""Why a request was refused by a guard, in sentences: which policy, which authorizer, what is wrong with the token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2

from tulle.envoy import access_logs, access_rules, protos
from tulle.envoy.filters.base import Chain, Side
from tulle.model.guards import Guard
from tulle.model.security import AccessAction, AccessPolicy

Condition: TypeAlias = accesslog_pb2.AccessLogFilter
DETAILS = "%RESPONSE_CODE_DETAILS%"
DENIED = "rbac_access_denied_matched_policy["
"""What the details of an answer begin with that was denied by a rule; the name of the rule follows."""
BAD_TOKEN = "jwt_authn_access_denied"
NAMED_AT_MOST = 3


def refusals(chain: Chain) -> Iterator[tuple[Condition, str]]:
    """Conditions on answers that Envoy made up itself, each with its reason; the first that holds counts."""
    guard = chain.guard
    if guard is None or not chain.side.guards:
        return
    caller = " from %DOWNSTREAM_PEER_URI_SAN%" if chain.side is Side.INBOUND else ""
    if any(policy.rules for policy in guard.tokens):
        yield _starting(BAD_TOKEN), f"the token of the request is no good: {DETAILS}"
    real = [each for each in guard.access if not each.is_dry_run]
    if any(each.action is AccessAction.CUSTOM for each in real):
        yield _flagged("UAEX"), f"the authorizer of {_place(guard, chain)} did not agree: {DETAILS}"
    for policy in real:
        if policy.action is AccessAction.DENY:
            yield _denied(policy), f"policy {_quoted(policy.name)} denies this request{caller}"
        elif policy.action is AccessAction.CUSTOM:
            missing = f"there is no authorizer {_quoted(policy.provider)} for policy {_quoted(policy.name)}"
            yield _denied(policy), missing
    allowing = [each for each in real if each.action is AccessAction.ALLOW]
    if allowing:
        service = f"service {_quoted(guard.service)}" if guard.allow is not None else ""
        who = " or ".join(filter(None, (service, _names(allowing))))
        does = "does" if len(allowing) == 1 else "do"
        yield _status(403), f"{who} {does} not allow this request{caller}"
    elif guard.allow is not None:
        yield _status(403), f"service {_quoted(guard.service)} does not allow this request{caller}"


def _denied(policy: AccessPolicy) -> Condition:
    """Refused by a rule of this policy. What RBAC notes in the metadata of the request comes too late to be used."""
    return _starting(DENIED + access_rules.named(policy))


def _starting(details: str) -> Condition:
    return access_logs.condition(f"response.code_details.startsWith({json.dumps(details)})")


def _place(guard: Guard, chain: Chain) -> str:
    return f"service {_quoted(guard.service)}" if chain.side is Side.INBOUND else "the gateway"


def _names(policies: list[AccessPolicy]) -> str:
    names = [_quoted(each.name) for each in policies]
    if len(names) == 1:
        return f"policy {names[0]}"
    rest = len(names) - NAMED_AT_MOST
    more = f" and {rest} more" if rest > 0 else ""
    return f"policies {', '.join(names[:NAMED_AT_MOST])}{more}"


def _quoted(name: object) -> str:
    return f'"{protos.literal(str(name))}"'


def _flagged(flag: str) -> Condition:
    return Condition(response_flag_filter=accesslog_pb2.ResponseFlagFilter(flags=[flag]))


def _status(code: int) -> Condition:
    comparison = accesslog_pb2.ComparisonFilter(op=accesslog_pb2.ComparisonFilter.EQ, value=protos.runtime_number(code))
    return Condition(status_code_filter=accesslog_pb2.StatusCodeFilter(comparison=comparison))
