"""Changes of paths and hosts: rewrites on the way to a backend, and the places that redirects point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2

from tulle.envoy import protos
from tulle.envoy.matches import EVERYTHING, segments
from tulle.model.names import Name
from tulle.model.routes import PathKind, PathMatch, Redirect, RedirectPort, Rewrite

Substitution: TypeAlias = regex_pb2.RegexMatchAndSubstitute
RedirectAction: TypeAlias = route_components_pb2.RedirectAction
STATUS = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}
WELL_KNOWN = {"http": 80, "https": 443}
Conditions = tuple[route_components_pb2.HeaderMatcher, ...]
HAS_PORT = route_components_pb2.HeaderMatcher(
    name=":authority", string_match=string_pb2.StringMatcher(safe_regex=protos.regex(".*:[0-9]+"))
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where requests come in."""

    port: int | None = None
    """As clients see it; None if it is not known."""
    is_encrypted: bool | None = None
    """Whether clients speak TLS; None if it is not known."""
    moved: tuple[tuple[int, int], ...] = ()
    """Well-known ports that documents mean, and where there are listeners for them really."""
    shown_secret: Name | None = None
    """What the gateway shows there to backends that policies of TLS are for."""
    is_routed: bool = False
    """Whether it is an entry point of routers."""

    @property
    def scheme(self) -> str:
        """What their URLs begin with; empty if it is not known."""
        return "" if self.is_encrypted is None else "https" if self.is_encrypted else "http"


NOWHERE = Entry()
"""Nothing is known of it."""


def rewrite(change: Rewrite, matched: PathMatch | None, action: route_components_pb2.RouteAction) -> None:
    """Apply a rewrite to a route whose path condition is `matched`."""
    if change.host is not None:
        action.host_rewrite_literal = change.host
    if change.path is not None:
        action.regex_rewrite.CopyFrom(_whole(change.path))
    elif change.regex is not None:
        pattern, substitution = change.regex
        action.regex_rewrite.CopyFrom(Substitution(pattern=protos.regex(pattern), substitution=substitution))
    elif change.prefix is not None:
        replaced = replace_prefix(matched, change.prefix)
        if isinstance(replaced, str):
            action.prefix_rewrite = replaced
        else:
            action.regex_rewrite.CopyFrom(replaced)


def redirects(change: Redirect, matched: PathMatch | None, entry: Entry) -> Iterator[tuple[Conditions, RedirectAction]]:
    """Where the client is to ask instead, with conditions beside those of the route; the first that fit count."""
    port = change.port or _port(change, entry)
    usual = WELL_KNOWN.get(change.scheme or entry.scheme)
    means = usual if port is None and change.scheme not in {None, entry.scheme} else port
    real = next((real for declared, real in entry.moved if declared == means), None)
    if real is None and (port is None or port != usual):
        yield (), _redirect(change, matched, port)
        return
    if real is not None or change.host is None:
        # The port that goes without saying, or was moved, is only said to clients whose `Host` has one: somebody in
        # front of the gateway may know better for all others.
        yield (HAS_PORT,), _redirect(change, matched, real or port)
    yield (), _redirect(change, matched, None if port == usual else port)


def _port(change: Redirect, entry: Entry) -> int | None:
    """The port of a redirect that names none; None to leave it as it is."""
    match change.port_from:
        case RedirectPort.KEEP:
            return None
        case RedirectPort.BY_SCHEME if change.scheme:
            return WELL_KNOWN.get(change.scheme)
        case _:
            return entry.port


def _redirect(change: Redirect, matched: PathMatch | None, port: int | None) -> RedirectAction:
    message = RedirectAction(
        scheme_redirect=change.scheme or None,
        host_redirect=change.host or "",
        port_redirect=port or 0,
        response_code=STATUS[change.status],
    )
    if change.path is not None:
        message.path_redirect = change.path
    elif change.prefix is not None:
        replaced = replace_prefix(matched, change.prefix)
        if isinstance(replaced, str):
            message.prefix_rewrite = replaced
        else:
            message.regex_rewrite.CopyFrom(replaced)
    return message


def replace_prefix(matched: PathMatch | None, prefix: str) -> str | Substitution:
    """The replacement of what was matched: plain text where that is right, a substitution where it is not.

    By segments, `/cart` → `/` makes `/cart/1` into `/1` and `/cart` into `/`: never `//1`, never nothing.
    """
    path = matched or EVERYTHING
    target = prefix if prefix.startswith("/") else f"/{prefix}"
    match path.kind:
        case PathKind.PREFIX:
            root = segments(path.value)
            if not root:
                return f"{segments(target)}/"
            return segments(target) or _strip(root, path.ignore_case)
        case PathKind.TEXT_PREFIX:
            if prefix and not (target.endswith("/") and not path.value.endswith("/")):
                return target
            return _strip(segments(path.value), path.ignore_case, f"{segments(target)}/")
        case _:
            return target


def _strip(root: str, ignore_case: bool, target: str = "/") -> Substitution:
    """Replace a prefix and the slashes after it."""
    flags = "(?i)" if ignore_case else ""
    return Substitution(pattern=protos.regex(f"{flags}^{re.escape(root)}/*"), substitution=_plain(target))


def _whole(path: str) -> Substitution:
    return Substitution(pattern=protos.regex("^.*$"), substitution=_plain(path))


def _plain(text: str) -> str:
    """Text for RE2, which reads `\\1` as a group."""
    return text.replace("\\", "\\\\")
