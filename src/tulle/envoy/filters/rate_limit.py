"""Token buckets in the proxy: of a service (in its own proxy) and of single routes."""

from __future__ import annotations

from envoy.extensions.filters.http.local_ratelimit.v3 import local_rate_limit_pb2
from envoy.type.v3 import token_bucket_pb2

from tulle.envoy import naming, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active, dormant
from tulle.model.policies import RateLimit
from tulle.model.routes import RouteRule

NAME = "rate"


def place(chain: Chain) -> HttpFilter | None:
    """Guarding a service with a limit; dormant where routes may ask for one."""
    if chain.side.has_rules:
        return dormant(NAME, local_rate_limit_pb2.LocalRateLimit(stat_prefix=NAME))
    limit = chain.guard.rate_limit if chain.guard else None
    return active(NAME, bucket(limit)) if limit else None


def ask(rule: RouteRule) -> local_rate_limit_pb2.LocalRateLimit | None:
    """The bucket of one route rule."""
    return bucket(rule.rate_limit) if rule.rate_limit else None


def bucket(limit: RateLimit) -> local_rate_limit_pb2.LocalRateLimit:
    """One bucket for the whole proxy."""
    return local_rate_limit_pb2.LocalRateLimit(
        stat_prefix=NAME,
        token_bucket=token_bucket_pb2.TokenBucket(
            max_tokens=limit.burst or limit.requests,
            tokens_per_fill=protos.number(limit.requests),
            fill_interval=protos.seconds(limit.per),
        ),
        filter_enabled=protos.runtime_fraction(100),
        filter_enforced=protos.runtime_fraction(100),
        response_headers_to_add=[
            protos.header(naming.REASON_HEADER, f"more than {limit.requests} requests in {limit.per:g} s")
        ],
    )


FILTER = Filter(name=NAME, phase=Phase.LIMIT, place=place, ask=ask)
