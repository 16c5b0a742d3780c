"""What those who let people sign in keep to themselves: secrets of the mesh, for its gateways only. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from tulle.envoy.mesh_secrets import CLIENT_SECRET, SEAL
from tulle.envoy.steps.sign_in import secret_name
from tulle.model.objects import Secret
from tulle.model.routers import Steps
from tulle.model.steps import SignIn


def all_of(steps: Iterable[Steps]) -> Iterator[SignIn]:
    """In the order of what has them."""
    for each in sorted(steps, key=lambda each: each.name):
        yield from (step for step in each.steps if isinstance(step, SignIn))


def secret(step: SignIn, seal: str) -> Secret:
    """What the provider is told, and what cookies are proven by: made of what the mesh has.

    Those whose cookies are called the same have the same sessions, if they are known to the same provider as the same.
    """
    whose = f"{step.session.name} {step.rule.issuer} {step.client}"
    own = hmac.digest((step.seal or seal).encode(), whose.encode(), "sha256").hex()
    data = ((CLIENT_SECRET, step.client_secret.encode()), (SEAL, own.encode()))
    return Secret(name=secret_name(step), origin=step.rule.origin, data=data)
