"""Tokens (JWT): bad ones are refused, none at all is fine; claims are there for policies, routes, applications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.core.v3 import http_uri_pb2
from envoy.extensions.filters.http.jwt_authn.v3 import config_pb2

from tulle.envoy import attributes, consulted, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Side, Slot, active
from tulle.kit.web_keys import NO_KEYS
from tulle.model.security import TokenRule

NAME = "tokens"
Requirement: TypeAlias = config_pb2.JwtRequirement
Provider: TypeAlias = config_pb2.JwtProvider
SPACED = ("permission", "scope")
"""Claims that are lists written as words (OAuth 2.0); policies may add others."""
REFRESH = 300.0
"""Seconds after which keys are fetched again. Those that were fetched stay good as long as nothing newer comes."""
PATIENCE = 5.0
"""Seconds until the next attempt after one that failed."""
RETRIES = 2
REMEMBERED = 1000
"""Verified tokens per worker that need not be verified again."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One rule with the providers that Envoy needs for it."""

    rule: TokenRule
    name: str
    cluster: str

    is_late: bool
    """Whether its listener may be there already."""

    def providers(self, *, is_routing: bool) -> Iterator[tuple[str, Provider]]:
        """Usually one.

        For keys that were fetched before and whose source is known too (`jwks` beside `jwks_uri`) there are two: those
        that were kept come first, so that nobody waits for a source that is down; newer ones are found by the other.
        """
        if self.rule.jwks or not self.cluster:
            kept = _provider(self.rule, is_routing=is_routing)
            kept.local_jwks.inline_string = self.rule.jwks or NO_KEYS
            # New keys make a new listener, so that nothing is remembered that old ones said.
            kept.jwt_cache_config.jwt_cache_size = REMEMBERED
            yield self.name, kept
        if self.cluster:
            fetched = _provider(self.rule, is_routing=is_routing)
            _fetch(self.rule, self.cluster, fetched.remote_jwks, waits=not (self.rule.jwks or self.is_late))
            yield f"{self.name}|fetched", fetched


def place(chain: Chain) -> HttpFilter | None:
    """Where tokens are looked at."""
    if chain.guard is None or not chain.side.guards:
        return None
    issuers = list(_issuers(chain))
    if not issuers:
        return None
    message = config_pb2.JwtAuthentication(bypass_cors_preflight=True)
    names = []
    for issuer in issuers:
        # Only at a gateway do routes ask for claims.
        providers = dict(issuer.providers(is_routing=chain.side is Side.GATEWAY))
        for name, provider in providers.items():
            message.providers[name].CopyFrom(provider)
        names.append(list(providers))
    rule = message.rules.add(requires=_required(names))
    rule.match.prefix = "/"
    return active(NAME, message)


def slots(chain: Chain) -> tuple[Slot, ...]:
    """The one place."""
    placed = place(chain)
    return (Slot(NAME, (placed,) if placed is not None else ()),)


def _issuers(chain: Chain) -> Iterator[Issuer]:
    """All rules of all policies; the order does not depend on that of documents."""
    assert chain.guard is not None
    found = sorted(
        ((rule.issuer, str(policy.name), rule) for policy in chain.guard.tokens for rule in policy.rules),
        key=lambda each: each[:2],
    )
    seen: dict[str, int] = {}
    for issuer, policy, rule in found:
        name = f"{policy}|{issuer}"
        seen[name] = seen.get(name, 0) + 1
        cluster = chain.cluster(consulted.issuer(rule.jwks_uri)) if rule.jwks_uri else ""
        yield Issuer(rule, name if seen[name] == 1 else f"{name}|{seen[name]}", cluster, bool(chain.owner))


def _provider(rule: TokenRule, *, is_routing: bool) -> Provider:
    provider = Provider(
        issuer=rule.issuer,
        audiences=rule.audiences,
        forward=rule.forwards_token,
        forward_payload_header=rule.payload_header,
        from_headers=[config_pb2.JwtHeader(name=name, value_prefix=prefix) for name, prefix in rule.headers],
        from_params=rule.parameters,
        from_cookies=rule.cookies,
        payload_in_metadata=attributes.PAYLOAD,
        claim_to_headers=[
            config_pb2.JwtClaimToHeader(header_name=header, claim_name=claim) for header, claim in rule.claim_headers
        ],
        clear_route_cache=is_routing,
    )
    spaced = sorted({*SPACED, *rule.space_delimited_claims})
    provider.normalize_payload_in_metadata.space_delimited_claims.extend(spaced)
    return provider


def _fetch(rule: TokenRule, cluster: str, remote: config_pb2.RemoteJwks, *, waits: bool) -> None:
    """Keys that are fetched in the background never expire; those that a request fetched would.

    So a listener waits for the first answer (or failure), unless there are keys that were kept. One that is there
    already cannot; the first requests wait instead.
    """
    uri = http_uri_pb2.HttpUri(uri=rule.jwks_uri, cluster=cluster, timeout=protos.seconds(rule.timeout))
    remote.http_uri.CopyFrom(uri)
    remote.cache_duration.CopyFrom(protos.seconds(REFRESH))
    remote.async_fetch.failed_refetch_duration.CopyFrom(protos.seconds(PATIENCE))
    remote.async_fetch.fast_listener = not waits
    remote.retry_policy.num_retries.CopyFrom(protos.number(RETRIES))


def _required(issuers: list[list[str]]) -> Requirement:
    """Every token must be good for its issuer, wherever issuers look for theirs; to have none is fine."""
    missing = Requirement()
    missing.allow_missing.SetInParent()
    inner = [_any_of([*map(_named, names), missing]) for names in issuers]
    if len(inner) == 1:
        return inner[0]
    # Issuers that look in the same place would refuse each other's tokens: one that says yes is enough.
    every = Requirement(requires_all=config_pb2.JwtRequirementAndList(requirements=inner))
    return _any_of([*(_named(name) for names in issuers for name in names), every])


def _named(provider: str) -> Requirement:
    return Requirement(provider_name=provider)


def _any_of(requirements: list[Requirement]) -> Requirement:
    return Requirement(requires_any=config_pb2.JwtRequirementOrList(requirements=requirements))


FILTER = Filter(name=NAME, phase=Phase.AUTHENTICATE, place=place, slots=slots)
