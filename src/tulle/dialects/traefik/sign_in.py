"""Signing in at an OpenID provider, as a step."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tulle.dialects.fields import shown
from tulle.dialects.traefik.sign_in_specs import OidcSpec, SessionSpec, StateCookieSpec
from tulle.dialects.written import Written
from tulle.model.security import TokenRule
from tulle.model.steps import Cookie, SignIn

REFERENCE = "urn:k8s:"
SITES = ("", "lax", "strict", "none")
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Of a cookie (RFC 6265)."""
MISSING = "is missing"
SCHEMES = ("http://", "https://")
UNUSUAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST = 10 * 365 * 86400
USUAL_SESSION, USUAL_STATE = SessionSpec.model_validate({}), StateCookieSpec.model_validate({})


def sign_in(part: Written, spec: OidcSpec, *path: str) -> tuple[SignIn, ...]:
    """The step, if it says who is asked for what."""
    _check_provider(part, spec, path)
    _check_places(part, spec, path)
    session, state = spec.session or USUAL_SESSION, spec.state_cookie or USUAL_STATE
    _check_seconds(part, session.expiry, (*path, "session", "expiry"))
    _check_seconds(part, state.max_age, (*path, "stateCookie", "maxAge"))
    own = part.document.key.name
    usual = UNUSUAL.sub("-", f"{own.name}{own.namespace}")
    step = SignIn(
        name=own,
        rule=TokenRule(
            origin=part.at(*path),
            issuer=spec.issuer,
            audiences=(spec.client_id,),
            claim_headers=tuple(spec.forward_headers.items()),
        ),
        client=spec.client_id,
        client_secret=spec.client_secret,
        seal=session.secret,
        callback=spec.redirect_url,
        login=_path(spec.login_url),
        leads_nowhere=spec.disable_login,
        logout=_path(spec.logout_url),
        after_login=spec.post_login_redirect_url,
        after_logout=spec.post_logout_redirect_url,
        scopes=tuple(dict.fromkeys(("openid", *spec.scopes))),
        parameters=tuple(spec.auth_params.items()),
        session=_cookie(part, session, f"{usual}-session", (*path, "session")),
        state=_cookie(part, state, f"{usual}-state", (*path, "stateCookie")),
        domain=session.domain,
        patience=float(state.max_age),
        expiry=float(session.expiry),
        refreshes=session.refresh,
    )
    return (step,)


def _check_provider(part: Written, spec: OidcSpec, path: tuple[str, ...]) -> None:
    needed = {"issuer": spec.issuer, "clientID": spec.client_id, "clientSecret": spec.client_secret}
    for name, value in needed.items():
        if not value:
            part.error((*path, name), MISSING)
        if value.startswith(REFERENCE):
            sentence = "refers to a secret of Kubernetes, which is not looked up; write the value itself"
            part.error((*path, name), sentence)
    if spec.issuer and not spec.issuer.startswith((*SCHEMES, REFERENCE)):
        part.error((*path, "issuer"), f"must be a URL such as https://id.example.org, not {shown(spec.issuer)}")


def _check_places(part: Written, spec: OidcSpec, path: tuple[str, ...]) -> None:
    if not spec.redirect_url:
        part.error((*path, "redirectUrl"), MISSING)
    places = {"loginUrl": spec.login_url, "logoutUrl": spec.logout_url, "redirectUrl": spec.redirect_url}
    for name, value in places.items():
        if value and not (value.startswith(("/", *SCHEMES)) and _path(value)):
            part.error((*path, name), f"must be a path such as /callback, or a URL with one, not {shown(value)}")
    login, logout = spec.post_login_redirect_url, spec.post_logout_redirect_url
    for name, value in {"postLoginRedirectUrl": login, "postLogoutRedirectUrl": logout}.items():
        if value and not value.startswith(("/", *SCHEMES)):
            part.error((*path, name), f"must be a path or a URL, not {shown(value)}")
    if login and not spec.login_url:
        sentence = "has an effect only with loginUrl: who is sent to sign in comes back to what was asked for"
        part.warning((*path, "postLoginRedirectUrl"), sentence)


def _check_seconds(part: Written, seconds: int, path: tuple[str, ...]) -> None:
    if not 0 < seconds <= LONGEST:
        part.error(path, f"must be from 1 to {LONGEST} seconds, not {seconds}")


def _cookie(part: Written, spec: SessionSpec | StateCookieSpec, usual: str, path: tuple[str, ...]) -> Cookie:
    if spec.name and not NAME.fullmatch(spec.name):
        part.error((*path, "name"), f"is no name of a cookie: {shown(spec.name)}")
    site = spec.same_site.lower()
    if site not in SITES:
        part.error((*path, "sameSite"), f"must be one of lax, strict, none, not {shown(spec.same_site)}")
    return Cookie(name=spec.name or usual, path=spec.path or "/", same_site=site)


def _path(url: str) -> str:
    """Hosts are those of the router."""
    return urlsplit(url).path
