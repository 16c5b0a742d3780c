"""Who signed in at an OpenID provider: Envoy's `oauth2`, and the tokens by which the provider says who they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from tulle.envoy import issuers, naming
from tulle.envoy.steps.consulted import TYPE
from tulle.envoy.steps.parts import Native, NativeFilter, Operation, Part, Where, Work
from tulle.kit.web_keys import NO_KEYS
from tulle.model import steps
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.routes import Forward, RouteSet
from tulle.xds.snapshot import Resource

SECRETS = "edge-sign-ins"
"""The namespace of the secrets."""
PATIENCE = "10s"
"""For the provider."""
PROVIDER = "id"
SESSION = ("id_token", "bearer_token", "refresh_token", "oauth_hmac", "oauth_expires")
ONCE = 60
"""Seconds in which nobody is asked twice to sign in again."""
NEVER = " "
"""No path."""
FOR_EVER = 4_000_000_000
"""Seconds. How long somebody is signed in is said by the cookies; the token only says who it is."""
PROGRAMS = (
    {"name": "x-requested-with", "string_match": {"exact": "XMLHttpRequest"}},
    {"name": "accept", "string_match": {"prefix": "application/json"}},
    {"name": "sec-fetch-dest", "string_match": {"exact": "empty"}},
)
"""Requests of scripts, which could not show the page of a provider to anybody."""
LATER = "nothing is known of the OpenID provider yet\n"
ADS = {"ads": {}, "resource_api_version": "V3"}


def sign_in(step: steps.SignIn, where: Where) -> tuple[Part, ...]:
    """Before anything is known of the provider nobody passes."""
    if step.endpoints is None:
        return (Work(request=({"op": "refuse", "status": 503, "body": LATER},)),)
    own = [*_names(step).values(), _again(step)]
    after: list[Operation] = [{"op": "drop_cookies", "note": where.note, "cookies": own}]
    if step.login and step.after_login:
        after.append({"op": "go_on", "path": step.login, "to": step.after_login})
    native = Native((_filter(step, step.endpoints, where), _verifier(step, where)))
    return (_before(step, where), native, Work(request=tuple(after)))


def secret_name(step: steps.SignIn) -> Name:
    """What is said to the provider, and what cookies are proven by."""
    return Name(SECRETS, hashlib.sha256(str(step.name).encode()).hexdigest()[:24])


def clusters(sets: Iterable[RouteSet], settings: Settings) -> Iterator[Resource]:
    """The servers where tokens are got, each once."""
    tokens = (step.endpoints.token for step in _all(sets) if step.endpoints is not None)
    places = dict.fromkeys(place for each in tokens if (place := issuers.place(each)) is not None)
    return (issuers.cluster(settings, place) for place in places)


def secrets(sets: Iterable[RouteSet]) -> frozenset[str]:
    """The names by which Envoy asks for them."""
    found = {secret_name(step) for step in _all(sets)}
    return frozenset(name(each) for each in found for name in (naming.sign_in, naming.seal))


def _all(sets: Iterable[RouteSet]) -> Iterator[steps.SignIn]:
    for rule in (rule for each in sets for rule in each.rules):
        shares = rule.action.backends if isinstance(rule.action, Forward) else ()
        for step in (*rule.steps, *(step for share in shares for step in share.steps)):
            if isinstance(step, steps.SignIn):
                yield step


def _before(step: steps.SignIn, where: Where) -> Work:
    """What is to become of answers that Envoy makes."""
    here = f"path={step.session.path}" + (f"; domain={step.domain}" if step.domain else "")
    names = (name for key, name in _names(step).items() if key in SESSION)
    cookies = [f"{name}=deleted; {here}; expires=Thu, 01 Jan 1970 00:00:00 GMT" for name in names]
    cookies.append(f"{_again(step)}=1; {here}; Max-Age={ONCE}; Secure; HttpOnly; SameSite=Lax")
    noted: list[Operation] = [{"op": "note_sign_in", "note": where.note, "again": _again(step)}]
    answer: list[Operation] = [{"op": "sign_in_again", "note": where.note, "cookies": cookies}]
    if step.logout and step.after_logout:
        noted.append({"op": "note_leaving", "note": where.note, "path": step.logout})
        answer.append({"op": "leave", "note": where.note, "to": step.after_logout})
    return Work(request=tuple(noted), answer=tuple(answer))


def _filter(step: steps.SignIn, endpoints: steps.Endpoints, where: Where) -> NativeFilter:
    place = issuers.place(endpoints.token)
    if place is None:
        raise ValueError(f"{endpoints.token} is no address of a server")
    secret = secret_name(step)
    names = _names(step)
    config: dict[str, Any] = {
        "token_endpoint": {
            "uri": endpoints.token,
            "cluster": naming.issuer(place.scheme, place.authority),
            "timeout": PATIENCE,
        },
        "authorization_endpoint": _with(endpoints.authorization, step.parameters),
        "auth_type": "URL_ENCODED_BODY" if endpoints.takes_form else "BASIC_AUTH",
        "redirect_uri": _callback(step.callback),
        "redirect_path_matcher": {"path": {"exact": urlsplit(step.callback).path}},
        "signout_path": {"path": {"exact": step.logout or NEVER}},
        "auth_scopes": list(step.scopes),
        "use_refresh_token": step.refreshes,
        "default_expires_in": f"{step.expiry:.0f}s",
        "default_refresh_token_expires_in": f"{step.expiry:.0f}s",
        "csrf_token_expires_in": f"{step.patience:.0f}s",
        "code_verifier_token_expires_in": f"{step.patience:.0f}s",
        "deny_redirect_matcher": list(_denied(step)),
        "disable_access_token_set_cookie": True,
        "preserve_authorization_header": True,
        "cookie_configs": _cookies(step),
        "credentials": {
            "client_id": step.client,
            "token_secret": {"name": naming.sign_in(secret), "sds_config": ADS},
            "hmac_secret": {"name": naming.seal(secret), "sds_config": ADS},
            "cookie_names": names,
            "cookie_domain": step.domain,
        },
    }
    if endpoints.end_session:
        config["end_session_endpoint"] = endpoints.end_session
    return {"name": f"sign-in-{where.note}", "typed_config": {"@type": f"{TYPE}.oauth2.v3.OAuth2", "config": config}}


def _verifier(step: steps.SignIn, where: Where) -> NativeFilter:
    """That the token is of the provider and for this client; the service sees what it says in headers.

    Not even somebody who knew what cookies are proven by could make that up.
    """
    rule = step.rule
    provider: dict[str, Any] = {
        "issuer": rule.issuer,
        "audiences": list(rule.audiences),
        "local_jwks": {"inline_string": rule.jwks or NO_KEYS},
        "from_cookies": [_names(step)["id_token"]],
        "claim_to_headers": [{"header_name": name, "claim_name": claim} for name, claim in rule.claim_headers],
        "clock_skew_seconds": FOR_EVER,
        "jwt_cache_config": {},
    }
    config = {
        "@type": f"{TYPE}.jwt_authn.v3.JwtAuthentication",
        "providers": {PROVIDER: provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": PROVIDER}}],
    }
    return {"name": f"signed-in-{where.note}", "typed_config": config}


def _callback(callback: str) -> str:
    """As the provider is told; Envoy would replace what stands between percent signs."""
    text = callback.replace("%", "%%")
    return f"%REQ(x-forwarded-proto)%://%REQ(:authority)%{text}" if text.startswith("/") else text


def _with(url: str, parameters: tuple[tuple[str, str], ...]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}" if parameters else url


def _denied(step: steps.SignIn) -> Iterator[dict[str, Any]]:
    """Who is answered 401 instead of being sent to the provider."""
    if step.leads_nowhere:
        yield {"name": ":path", "present_match": True}
    elif step.login:
        pattern = rf"{re.escape(step.login)}(\?.*)?"
        yield {"name": ":path", "string_match": {"safe_regex": {"regex": pattern}}, "invert_match": True}
    yield from PROGRAMS


def _names(step: steps.SignIn) -> dict[str, str]:
    session, state = step.session.name, step.state.name
    return {
        "id_token": session,
        "bearer_token": f"{session}-access",
        "refresh_token": f"{session}-refresh",
        "oauth_hmac": f"{session}-proof",
        "oauth_expires": f"{session}-end",
        "oauth_nonce": state,
        "code_verifier": f"{state}-verifier",
    }


def _again(step: steps.SignIn) -> str:
    """The cookie of somebody who was just asked to sign in again."""
    return f"{step.session.name}-again"


def _cookies(step: steps.SignIn) -> dict[str, Any]:
    session, state = (
        {"path": each.path, "same_site": each.same_site.upper() or "DISABLED"} for each in (step.session, step.state)
    )
    found = {f"{name}_cookie_config": session for name in SESSION}
    return found | {"oauth_nonce_cookie_config": state, "code_verifier_cookie_config": state}
