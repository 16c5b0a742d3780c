"""Which conditions hold whenever others do: what a rule leaves to those behind it. Sound, but not complete."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

from tulle.model import hostnames
from tulle.model.routes import Match, PathKind, PathMatch, Source, StreamMatch

_EVERYTHING = frozenset((".*", "/.*"))
"""Patterns that every path matches."""
_ANYTHING = Match()


def is_everything(match: Match) -> bool:
    """Whether every request fits."""
    return covers(match, _ANYTHING)


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every request of `narrow` is one of `wide`. May say no where only a proof is missing."""
    return (
        covers_path(wide.path, narrow.path)
        and _covers_words(wide.methods, narrow.methods)
        and _covers_words(wide.ports, narrow.ports)
        and set(wide.headers) <= set(narrow.headers)
        and set(wide.query) <= set(narrow.query)
        and set(wide.claims) <= set(narrow.claims)
        and _covers_source(wide.source, narrow.source)
    )


def covers_stream(wide: StreamMatch, narrow: StreamMatch) -> bool:
    """The same for connections."""
    return (
        _covers_names(wide.server_names, narrow.server_names)
        and _covers_subnets(wide.subnets, narrow.subnets)
        and _covers_words(wide.ports, narrow.ports)
        and _covers_source(wide.source, narrow.source)
        and set(wide.conditions) <= set(narrow.conditions)
    )


def covers_path(wide: PathMatch | None, narrow: PathMatch | None) -> bool:
    """The same for conditions on the path; None is none."""
    if wide is None:
        return True
    if wide.kind is PathKind.REGEX:
        return wide.value in _EVERYTHING or wide == narrow
    if wide.kind is not PathKind.EXACT and wide.value in {"", "/"}:
        return True
    if narrow is None or narrow.kind is PathKind.REGEX or (narrow.ignore_case and not wide.ignore_case):
        return False
    one, other = wide.value, narrow.value
    if wide.ignore_case:
        one, other = one.lower(), other.lower()
    if wide.kind is PathKind.TEXT_PREFIX:
        return other.startswith(one)
    if wide.kind is PathKind.EXACT:
        return narrow.kind is PathKind.EXACT and one == other
    is_same = one == other and narrow.kind is not PathKind.TEXT_PREFIX
    return is_same or other.startswith(f"{one.rstrip('/')}/")


def _covers_words(wide: Sequence[object], narrow: Sequence[object]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _covers_names(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(hostnames.covers(one, other) for one in wide) for other in narrow)


def _covers_subnets(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(_contains(one, other) for one in wide) for other in narrow)


def _contains(wide: str, narrow: str) -> bool:
    one, other = ip_network(wide, strict=False), ip_network(narrow, strict=False)
    return one.version == other.version and one.prefixlen <= other.prefixlen and other.network_address in one


def _covers_source(wide: Source | None, narrow: Source | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    return wide.namespace in {"", narrow.namespace} and set(wide.labels) <= set(narrow.labels)
