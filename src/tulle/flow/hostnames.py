"""Host names with wildcards, as Gateway API and Istio have them: `*.example.org` is every name that ends so."""

from __future__ import annotations

from collections.abc import Iterator

EVERY = "*"


def intersection(one: str, other: str) -> str | None:
    """The host that names exactly what two hosts have in common; None if that is nothing."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


def covers(wide: str, narrow: str) -> bool:
    """Whether everything that `narrow` names is named by `wide` too."""
    if wide in {EVERY, narrow}:
        return True
    return wide.startswith("*.") and narrow != EVERY and len(narrow) > len(wide) - 1 and narrow.endswith(wide[1:])


def wider(host: str) -> Iterator[str]:
    """The host itself, and every wildcard that covers it, the most specific first."""
    yield host
    if host != EVERY:
        labels = host.split(".")
        for index in range(1 if labels[0] != EVERY else 2, len(labels)):
            yield "*." + ".".join(labels[index:])
        yield EVERY
