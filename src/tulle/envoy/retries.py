"""When a request is tried again: by default only what nobody has seen, more only for methods that may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from envoy.extensions.retry.priority.previous_priorities.v3 import previous_priorities_config_pb2

from tulle.envoy import naming, protos
from tulle.kit.quick import quick
from tulle.model.policies import Retry
from tulle.model.routes import Match

RetryPolicy: TypeAlias = route_components_pb2.RetryPolicy
SAFE = ("connect-failure", "refused-stream", "reset-before-request")
"""Conditions under which no byte of the request was looked at."""
IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""RFC 9110 §9.2.2."""
ATTEMPTS = 2
DEFAULT = Retry(attempts=ATTEMPTS)
OTHER_HOST = RetryPolicy.RetryHostPredicate(
    name="envoy.retry_host_predicates.previous_hosts",
    typed_config=protos.packed(previous_hosts_pb2.PreviousHostsPredicate()),
)
OTHER_PRIORITY = RetryPolicy.RetryPriority(
    name="envoy.retry_priorities.previous_priorities",
    typed_config=protos.packed(previous_priorities_config_pb2.PreviousPrioritiesConfig(update_frequency=1)),
)
"""The next of several clusters."""
UNSENT = route_components_pb2.HeaderMatcher(name=naming.UNSENT_HEADER, present_match=True)
LOST = route_components_pb2.HeaderMatcher(name=naming.LOST_HEADER, present_match=True)


@quick
@dataclass(frozen=True, slots=True)
class Variant:
    """A part of the requests of a rule, and how they are retried."""

    retry: Retry | None
    """None: the default of the virtual host."""
    methods: tuple[str, ...] = ()
    """The part, by method; empty for all that are left."""


def variants(match: Match, retry: Retry | None) -> Iterator[Variant]:
    """Split a rule by method where its retries could repeat what must not be repeated.

    The parts together are exactly the requests of the match; each request belongs to one.
    """
    if retry is None:
        yield Variant(None)
        return
    if retry.non_idempotent or not retry.attempts or is_safe(retry):
        yield Variant(retry)
        return
    cautious = replace(retry, conditions=(), status_codes=())
    if not match.methods:
        yield Variant(retry, IDEMPOTENT)
        yield Variant(cautious)
        return
    repeatable = tuple(each for each in match.methods if each in IDEMPOTENT)
    if repeatable:
        yield Variant(retry, repeatable if len(repeatable) < len(match.methods) else ())
    if len(repeatable) < len(match.methods):
        yield Variant(cautious)


def is_safe(retry: Retry) -> bool:
    """Whether it repeats only what nobody has seen."""
    return not retry.status_codes and set(retry.conditions) <= {*SAFE}


def policy(retry: Retry) -> RetryPolicy:
    """Envoy's form; without attempts a policy that says no, so that no default takes its place."""
    if not retry.attempts:
        message = RetryPolicy(num_retries=protos.number(0))
    elif retry.moves_on:
        message = _moving_on(retry)
    else:
        words = dict.fromkeys((*SAFE, "retriable-headers", *retry.conditions))
        if retry.status_codes:
            words["retriable-status-codes"] = None
        message = RetryPolicy(
            retry_on=",".join(words),
            num_retries=protos.number(retry.attempts),
            retriable_status_codes=retry.status_codes,
            # A connection that breaks behind the proxy of the callee is a reset to nobody but that proxy.
            retriable_headers=[UNSENT, LOST] if "reset" in retry.conditions else [UNSENT],
        )
        if not retry.any_host:
            message.retry_host_predicate.append(OTHER_HOST)
            message.host_selection_retry_max_attempts = 5
    if retry.per_try_timeout:
        message.per_try_timeout.CopyFrom(protos.seconds(retry.per_try_timeout))
    if retry.attempts and retry.backoff:
        message.retry_back_off.CopyFrom(RetryPolicy.RetryBackOff(base_interval=protos.seconds(retry.backoff)))
    return message


def _moving_on(retry: Retry) -> RetryPolicy:
    """To the next cluster, after these answers and nothing else."""
    return RetryPolicy(
        retry_on=",".join(dict.fromkeys((*retry.conditions, "retriable-status-codes"))),
        num_retries=protos.number(retry.attempts),
        retriable_status_codes=retry.status_codes,
        retry_priority=OTHER_PRIORITY,
    )
