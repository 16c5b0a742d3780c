"""What is said about a request beside where it goes: other origins, who is asked first, who stays where."""

from __future__ import annotations

from tulle.dialects.native.writing import matching
from tulle.dialects.native.writing.plain import Data, changed, duration, kept, reference, several, yes
from tulle.model.policies import HashOn
from tulle.model.routes import Cors, ExternalCheck, Session, ValueKind, ValueMatch


def cors(given: Cors | None) -> object:
    """Only the origins, if that is all."""
    if given is None:
        return None
    origins = several([_origin(each) for each in given.origins]) or []
    rest = kept(
        methods=several(given.methods),
        headers=several(given.headers),
        expose=several(given.expose),
        max_age=duration(given.max_age),
        credentials=given.credentials,
        forward_unmatched=None if given.forwards_unmatched else False,
    )
    is_short = not rest and (isinstance(origins, str) or (isinstance(origins, list) and bool(origins)))
    return origins if is_short else {"origins": origins, **rest}


def _origin(match: ValueMatch) -> object:
    """Text with an asterisk would be a pattern, where it is not every origin."""
    if match.kind is ValueKind.EXACT and "*" in match.value and match.value != "*":
        return {"exact": match.value}
    return matching.value(match)


def check(given: ExternalCheck | None, namespace: str) -> object:
    """A reference, if nothing else is said."""
    if given is None:
        return None
    rest = kept(
        grpc=yes(given.is_grpc),
        path=given.path_prefix,
        headers=several(given.request_headers),
        add_headers=dict(given.added_headers),
        response_headers=several(given.response_headers),
        refusal_headers=several(given.refusal_headers),
        consent_headers=several(given.consent_headers),
        timeout=changed(duration(given.timeout), "10s"),
        fail_open=yes(given.fails_open),
        refusal_status=changed(given.refusal_status, 403),
        body=given.max_body or None,
        partial_body=yes(given.allows_partial_body),
        raw_body=yes(given.packs_raw_body),
        reroute=yes(given.reroutes),
    )
    to = reference(given.backend, namespace)
    return {"to": to, **rest} if rest else to


def session(given: Session | None) -> object:
    """The name of a cookie, if nothing else is said."""
    if given is None:
        return None
    rest = kept(lifetime=duration(given.lifetime), path=changed(given.path, "/"))
    if given.cookie and not rest:
        return given.cookie
    return {**kept(cookie=given.cookie, header=given.header), **rest}


def hash_on(given: HashOn) -> Data:
    """What decides."""
    return kept(
        header=given.header,
        cookie=given.cookie,
        cookie_ttl=duration(given.cookie_ttl),
        cookie_path=changed(given.cookie_path, "/"),
        cookie_attributes=dict(given.cookie_attributes),
        query=given.query,
        source_ip=yes(given.source_ip),
    )
