"""Who shows a good token (JWT)."""

from __future__ import annotations

from typing import Any

from tulle.envoy.steps.consulted import TYPE
from tulle.envoy.steps.parts import Native, Part, Where
from tulle.kit.web_keys import NO_KEYS
from tulle.model import steps

NAME = "token"


def verify(step: steps.VerifyToken, where: Where) -> tuple[Part, ...]:
    """By keys that are known already: nothing is asked for on the way of a request. Without any, nobody passes."""
    rule = step.rule
    provider: dict[str, Any] = {
        "issuer": rule.issuer,
        "audiences": list(rule.audiences),
        "local_jwks": {"inline_string": rule.jwks or NO_KEYS},
        "from_headers": [{"name": name, "value_prefix": prefix} for name, prefix in rule.headers],
        "from_params": list(rule.parameters),
        "forward": rule.forwards_token,
        "claim_to_headers": [{"header_name": name, "claim_name": claim} for name, claim in rule.claim_headers],
        "jwt_cache_config": {},
    }
    config = {
        "@type": f"{TYPE}.jwt_authn.v3.JwtAuthentication",
        "providers": {NAME: provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": NAME}}],
    }
    return (Native(({"name": f"{NAME}-{where.note}", "typed_config": config},)),)
