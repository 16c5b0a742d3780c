"""What resolvers can and cannot do, as it is written. Pure, but for files that settings of DNS providers name."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.clients.dns.variables import Unconfigured
from tulle.model.resolvers import Resolver


def unusable(resolver: Resolver, environment: Mapping[str, str] | None = None) -> str:
    """Why a resolver can never work; empty if it may. Without an environment, what should be there is not looked at."""
    if not resolver.challenges:
        return (
            f'resolver "{resolver.name}" has no challenge, so it gets no certificates; '
            "write httpChallenge, tlsChallenge or dnsChallenge"
        )
    if resolver.dns is None:
        return ""
    from tulle.clients.dns.providers import PROVIDERS, provider, unknown

    if environment is None:
        return "" if resolver.dns.provider in PROVIDERS else unknown(resolver.dns.provider)
    try:
        provider(resolver.dns.provider, environment)
    except Unconfigured as error:
        return str(error)
    return ""
