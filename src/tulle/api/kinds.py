"""Kinds as people call them: `vs`, `virtualservices`, `gateway.networking.istio.io`. Several may have one name."""

from __future__ import annotations

from http import HTTPStatus

from tulle.api.problems import Problem
from tulle.dialects import registry
from tulle.model.findings import did_you_mean

SHORT = {
    "cm": "configmap",
    "dr": "destinationrule",
    "deploy": "deployment",
    "ep": "endpoints",
    "gc": "gatewayclass",
    "gtw": "gateway",
    "gw": "gateway",
    "ing": "ingress",
    "ns": "namespace",
    "pa": "peerauthentication",
    "po": "pod",
    "ra": "requestauthentication",
    "se": "serviceentry",
    "svc": "service",
    "vs": "virtualservice",
    "we": "workloadentry",
    "wg": "workloadgroup",
}
"""The abbreviations of kubectl and Istio."""

PROTOCOLS = ("traefik/http-", "traefik/tcp-", "traefik/udp-")
"""Begin the kinds that a word means without its protocol, too: `routers`."""


def named(text: str) -> frozenset[str]:
    """The kinds (`istio/virtualservice`) that a word means.

    Raises:
        Problem: there is none.
    """
    word, dot, group = text.lower().partition(".")
    word = SHORT.get(word, word)
    known = registry.kinds()
    found = frozenset(
        kind for kind in known if (_is(word, kind) and (not dot or known[kind] == group)) or full(kind) == text.lower()
    )
    if not found:
        names = sorted({kind.rpartition("/")[2] for kind in known})
        hint = did_you_mean(word, names) or f"; known are {', '.join(names)}"
        raise Problem(HTTPStatus.BAD_REQUEST, f'there is no kind "{text}"{hint}')
    return found


def full(kind: str) -> str:
    """A kind with its dialect, so that it means no other: `istio.gateway`."""
    return kind.replace("/", ".")


def _is(word: str, kind: str) -> bool:
    """Whether a word is a kind, in full or by its last part, in the singular or in the plural."""
    short = kind.rpartition("/")[2]
    if kind.startswith(PROTOCOLS):
        return word in {kind, short, f"{short}s"} or _is(word, short.partition("-")[2])
    stem = f"{short[:-1]}ie" if short.endswith("y") else f"{short}e" if short.endswith(("s", "h")) else short
    return word in {kind, short, f"{stem}s"}
