"""Rules: which requests or connections, and what happens to them."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.native.writing import exchange, matching, traffic
from tulle.dialects.native.writing.plain import Data, duration, kept, reference, several
from tulle.model.names import Name
from tulle.model.routes import (
    Action,
    Backend,
    Forward,
    Match,
    Redirect,
    Respond,
    RouteRule,
    StreamMatch,
    StreamRule,
)

EVERY_REQUEST = Match()
EVERY_CONNECTION = StreamMatch()


def rule(given: RouteRule, namespace: str, own: Name | None = None) -> Data:
    """What a rule does, without its conditions; `own` is the service that it is a rule of."""
    target = _target(given.action, namespace, own)
    is_sent_on = isinstance(given.action, Forward) and "respond" not in target
    return {
        **target,
        **kept(
            request_headers=traffic.headers(given.request_headers),
            response_headers=traffic.headers(given.response_headers),
        ),
        **(_forward(given.action, namespace) if is_sent_on else {}),
        **kept(
            fault=traffic.fault(given.fault),
            rate_limit=traffic.rate(given.rate_limit),
            cors=exchange.cors(given.cors),
            check=exchange.check(given.check, namespace),
        ),
    }


def conditional(given: RouteRule, namespace: str, own: Name | None = None) -> Data:
    """One of several rules, with its conditions."""
    matches = [matching.request(each) for each in given.matches]
    said = rule(given, namespace, own)
    return {"match": several(matches), **said} if given.matches != (EVERY_REQUEST,) else said


def _target(action: Action, namespace: str, own: Name | None) -> Data:
    if isinstance(action, Redirect):
        return {"redirect": traffic.redirect(action)}
    if isinstance(action, Respond):
        return {"respond": traffic.respond(action)}
    assert isinstance(action, Forward)  # those who delegate were replaced by what they delegate to
    backends = [each for each in action.backends if not each.problem]
    if not any(each.weight for each in backends):
        return {"respond": action.status_without_backends}
    if own is not None and all(_is_version(each, own) for each in backends):
        return {"versions": _versions(backends)}
    return shares(backends, namespace)


def _shares(backends: Sequence[Backend], namespace: str) -> Data:
    """Of several that are the same place, the sum."""
    found: Data = {}
    for each in backends:
        name, share = reference(each, namespace), _share(each)
        known = found.get(name, 0)
        found[name] = known + share if isinstance(known, int) and isinstance(share, int) else share
    return found


def _is_version(backend: Backend, own: Name) -> bool:
    is_own = backend.service == own and backend.port is None
    return is_own and backend.subset is not None and not _changes(backend)


def _versions(backends: Sequence[Backend]) -> object:
    found: dict[str, int] = {}
    for each in backends:
        found[str(each.subset)] = found.get(str(each.subset), 0) + each.weight
    return next(iter(found)) if len(found) == 1 else found


def _changes(backend: Backend) -> Data:
    return kept(
        request_headers=traffic.headers(backend.request_headers),
        response_headers=traffic.headers(backend.response_headers),
        host=backend.host_rewrite,
    )


def _share(backend: Backend) -> object:
    changes = _changes(backend)
    return {"weight": backend.weight, **changes} if changes else backend.weight


def _forward(action: Action, namespace: str) -> Data:
    assert isinstance(action, Forward)
    return kept(
        rewrite=traffic.rewrite(action.rewrite),
        timeout=duration(action.timeout or None),
        retries=traffic.retries(action.retry),
        mirror=several([traffic.mirror(each, namespace) for each in action.mirrors]),
        hash_on=several([exchange.hash_on(each) for each in action.hash_on]),
        session=exchange.session(action.session),
    )


def stream(given: StreamRule, namespace: str) -> Data:
    """One rule for connections."""
    matches = [matching.connection(each) for each in given.matches]
    said = {} if given.matches == (EVERY_CONNECTION,) else {"match": several(matches)}
    return {**said, **shares(given.backends, namespace)}


def shares(backends: Sequence[Backend], namespace: str) -> Data:
    """Who gets them."""
    found = _shares(backends, namespace)
    return {"to": next(iter(found))} if len(found) == 1 and not _changes(backends[0]) else {"weights": found}
