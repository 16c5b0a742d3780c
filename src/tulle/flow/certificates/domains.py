"""Names that certificates are for: their one form, and which certificates are good for which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WILDCARD = "*."


def canonical(domain: str) -> str:
    """As it stands in certificates: lower case, no dot at its end, other alphabets in their ASCII form."""
    text = domain.strip().lower().rstrip(".")
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode()
    except UnicodeError:
        return text


def canonical_set(domains: Iterable[str]) -> tuple[str, ...]:
    """All of them, each once."""
    return tuple(dict.fromkeys(filter(None, map(canonical, domains))))


def is_good_for(names: Iterable[str], domain: str) -> bool:
    """Whether a certificate with these names is good for a domain; `*` stands for one label."""
    known = frozenset(names)
    if domain in known:
        return True
    _, dot, rest = domain.partition(".")
    return bool(dot) and not domain.startswith(WILDCARD) and f"{WILDCARD}{rest}" in known


def are_good_for(names: Iterable[str], domains: Iterable[str]) -> bool:
    """Whether it is good for all of them."""
    known = frozenset(names)
    return all(is_good_for(known, domain) for domain in domains)


def without_covered(sets: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The certificates of one router without names that a wildcard among them is good for (as Traefik does)."""
    wildcards = {domain for domains in sets for domain in domains if domain.startswith(WILDCARD)}
    found = []
    for domains in sets:
        left = tuple(
            domain for domain in domains if domain in wildcards or not is_good_for(wildcards - {domain}, domain)
        )
        if left and left not in found:
            found.append(left)
    return tuple(found)
