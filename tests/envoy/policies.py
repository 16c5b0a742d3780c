"""Access policies in a few words, for tests."""

from __future__ import annotations

from typing import Any

from tests.envoy.kitchen import HERE
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.routes import Backend, ExternalCheck
from tulle.model.security import (
    AccessAction,
    AccessCondition,
    AccessOperation,
    AccessPolicy,
    AccessRule,
    AccessSource,
    Authorizer,
    RequestAuthentication,
    TokenRule,
    Values,
)
from tulle.model.services import Port, Protocol
from tulle.model.steps import Cookie, Endpoints, SignIn

Texts = tuple[str, ...]
EVERYTHING = AccessRule(origin=HERE)


def _values(given: dict[str, Texts]) -> dict[str, Values]:
    """`not_paths=` are what must not be."""
    names = {each.removeprefix("not_") for each in given}
    return {each: Values(values=given.get(each, ()), excluded=given.get(f"not_{each}", ())) for each in sorted(names)}


def source(**given: Texts) -> AccessSource:
    return AccessSource(**_values(given))


def operation(**given: Texts) -> AccessOperation:
    return AccessOperation(**_values(given))


def when(key: str, *values: str, excluded: Texts = ()) -> AccessCondition:
    return AccessCondition(key=key, values=Values(values=values, excluded=excluded))


def rule(*parts: AccessSource | AccessOperation | AccessCondition) -> AccessRule:
    return AccessRule(
        origin=HERE,
        sources=tuple(each for each in parts if isinstance(each, AccessSource)),
        operations=tuple(each for each in parts if isinstance(each, AccessOperation)),
        conditions=tuple(each for each in parts if isinstance(each, AccessCondition)),
    )


def policy(name: str, action: str, *rules: AccessRule, namespace: str = "default", **more: Any) -> AccessPolicy:
    return AccessPolicy(
        name=Name(namespace, name), origin=HERE, action=AccessAction(action), rules=rules or (EVERYTHING,), **more
    )


def allow(*parts: AccessSource | AccessOperation | AccessCondition, **more: Any) -> AccessPolicy:
    return policy("let", "allow", rule(*parts), **more)


def deny(*parts: AccessSource | AccessOperation | AccessCondition, **more: Any) -> AccessPolicy:
    return policy("no", "deny", rule(*parts), **more)


def custom(provider: str, *parts: AccessSource | AccessOperation | AccessCondition, **more: Any) -> AccessPolicy:
    return policy("ask", "custom", rule(*parts), provider=provider, **more)


def authorizer(name: str, service: str, port: int = 80, **more: Any) -> Authorizer:
    backend = Backend(service=Name("default", service), port=port, origin=HERE)
    return Authorizer(name=name, origin=HERE, check=ExternalCheck(backend=backend, **more))


def tokens(*rules: TokenRule, name: str = "tokens") -> RequestAuthentication:
    return RequestAuthentication(name=Name("default", name), origin=HERE, rules=rules)


def token_rule(issuer: str = "https://issuer.example", **more: Any) -> TokenRule:
    return TokenRule(origin=HERE, issuer=issuer, **more)


def guard(*access: AccessPolicy, protocol: Protocol = Protocol.HTTP, **more: Any) -> Guard:
    """Of a workload `web` with one port `p` that is number 8000."""
    given = {
        "workload": Name("default", "web"),
        "origin": HERE,
        "service": Name("default", "web"),
        "account": "web",
        "ports": (Port(name="p", number=8000, protocol=protocol),),
        **more,
    }
    return Guard(access=access, **given)


def sign_in(name: str = "s", **more: Any) -> SignIn:
    """Where people sign in; the provider has said all that is needed."""
    given = {
        "name": Name("@file", name),
        "rule": token_rule(issuer="https://id.example", audiences=("shop",)),
        "client": "shop",
        "client_secret": "hidden",
        "endpoints": Endpoints(authorization="https://id.example/authorize", token="https://id.example/token"),
        "callback": "/callback",
        "session": Cookie(name="s"),
        "state": Cookie(name="t"),
    }
    return SignIn(**{**given, **more})
