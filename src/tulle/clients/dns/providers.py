"""The providers that there are, by the names that lego (and so Traefik) has for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tulle.clients.dns.base import Provider
from tulle.clients.dns.program import Program
from tulle.clients.dns.rfc2136 import Rfc2136
from tulle.clients.dns.variables import Unconfigured
from tulle.clients.dns.web_hook import WebHook
from tulle.model.findings import did_you_mean

PROVIDERS: Mapping[str, Callable[[Mapping[str, str]], Provider]] = {
    "rfc2136": Rfc2136,
    "dnsupdate": Rfc2136,
    "exec": Program,
    "httpreq": WebHook,
}


def provider(name: str, environment: Mapping[str, str]) -> Provider:
    """A provider, set up from the environment.

    Raises:
        Unconfigured: there is none of this name, or something is missing.
    """
    make = PROVIDERS.get(name)
    if make is None:
        raise Unconfigured(unknown(name))
    return make(environment)


def unknown(name: str) -> str:
    """What to do where a provider does not exist."""
    known = ", ".join(sorted(PROVIDERS))
    hint = did_you_mean(name, PROVIDERS)
    return (
        f'there is no DNS provider "{name}"; there are {known}{hint}. '
        "For any other, let exec call a program (such as lego or acme.sh), or httpreq a web server"
    )
