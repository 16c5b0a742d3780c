"""Conditions on requests and connections."""

from __future__ import annotations

from collections.abc import Iterable

from tulle.dialects.native.writing.plain import Data, kept, several, yes
from tulle.model.routes import Match, PathKind, PathMatch, Source, StreamMatch, ValueKind, ValueMatch

_PATHS = {
    PathKind.EXACT: "exact",
    PathKind.PREFIX: "prefix",
    PathKind.TEXT_PREFIX: "starts",
    PathKind.REGEX: "regex",
}


def path(match: PathMatch | None) -> object:
    """Text for a prefix by segments."""
    if match is None:
        return None
    if match.kind is PathKind.PREFIX and not match.ignore_case:
        return match.value
    return {_PATHS[match.kind]: match.value, **kept(ignore_case=yes(match.ignore_case))}


def value(match: ValueMatch) -> object:
    """Text for an exact value."""
    if match.kind is ValueKind.PRESENT:
        return {"present": not match.invert}
    if match.kind is ValueKind.EXACT and not match.invert:
        return match.value
    return {str(match.kind): match.value, **kept(**{"not": yes(match.invert)})}


def values(matches: Iterable[ValueMatch]) -> Data:
    """By name."""
    return {each.name: value(each) for each in matches}


def request(match: Match) -> Data:
    """All conditions of one match."""
    return kept(
        path=path(match.path),
        methods=several(match.methods),
        headers=values(match.headers),
        query=values(match.query),
        claims=values(match.claims),
        stat_prefix=match.stat_prefix,
        **{"from": source(match.source)},
        ports=several(match.ports),
    )


def source(given: Source | None) -> Data | None:
    """Which workloads."""
    return None if given is None else kept(namespace=given.namespace, labels=dict(given.labels))


def connection(match: StreamMatch) -> Data:
    """All conditions of one match."""
    return kept(
        server_names=several(match.server_names),
        networks=several(match.subnets),
        ports=several(match.ports),
        **{"from": source(match.source)},
    )
