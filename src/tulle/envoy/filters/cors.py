"""Pages of other origins: who of them may read the answers of a route (Fetch standard)."""

from __future__ import annotations

from envoy.extensions.filters.http.cors.v3 import cors_pb2
from envoy.type.matcher.v3 import string_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, dormant
from tulle.envoy.matches import is_presence, text_match
from tulle.model.routes import RouteRule, ValueMatch

NAME = "cors"
ANY = "*"
"""Envoy then says what the browser asked for: with credentials, browsers take `*` by its letters."""


def place(chain: Chain) -> HttpFilter | None:
    """Dormant where route rules decide."""
    return dormant(NAME, cors_pb2.Cors()) if chain.side.has_rules else None


def ask(rule: RouteRule) -> cors_pb2.CorsPolicy | None:
    """The policy of one route rule."""
    cors = rule.cors
    if cors is None:
        return None
    message = cors_pb2.CorsPolicy(
        allow_origin_string_match=map(_origin, cors.origins),
        allow_methods=_listed(cors.methods),
        allow_headers=_listed(cors.headers),
        expose_headers=_listed(cors.expose),
        max_age="" if cors.max_age is None else str(int(cors.max_age)),
        forward_not_matching_preflights=protos.flag(cors.forwards_unmatched),
    )
    if cors.credentials is not None:
        message.allow_credentials.value = cors.credentials
    return message


def _origin(origin: ValueMatch) -> string_pb2.StringMatcher:
    return protos.exactly(ANY) if is_presence(origin) else text_match(origin)


def _listed(values: tuple[str, ...]) -> str:
    return ANY if ANY in values else ",".join(values)


FILTER = Filter(name=NAME, phase=Phase.ANSWER, place=place, ask=ask)
