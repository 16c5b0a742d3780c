from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.traefik.reading import only, read
from tulle.model.names import Name
from tulle.model.steps import Cookie, SignIn

NEEDED = "issuer: 'https://id.example', clientID: shop, clientSecret: hidden"
ENOUGH = f"{NEEDED}, redirectUrl: /back"


def step(text: str) -> SignIn:
    (found,) = only(f"http: {{middlewares: {{m: {text}}}}}").steps
    assert isinstance(found, SignIn)
    return found


def findings(more: str, enough: str = ENOUGH) -> list[str]:
    objects, found = read(f"http: {{middlewares: {{m: {{oidc: {{{enough}, {more}}}}}}}}}")
    return [f"{'' if objects else 'error: '}{each.partition(': middleware m: ')[2]}" for each in found]


def test_what_is_needed_is_enough() -> None:
    found = step(f"{{oidc: {{{ENOUGH}}}}}")
    assert (found.name, found.client, found.client_secret) == (Name("@file", "m"), "shop", "hidden")
    assert (found.rule.issuer, found.rule.audiences) == ("https://id.example", ("shop",))
    assert (found.session, found.state) == (Cookie(name="m-file-session"), Cookie(name="m-file-state"))
    assert (found.scopes, found.callback, found.patience, found.expiry) == (("openid",), "/back", 600, 86400)
    assert found.endpoints is None and found.refreshes and not found.leads_nowhere
    hub = step(f"{{plugin: {{oidc: {{{ENOUGH}}}}}}}")
    assert replace(hub, rule=found.rule) == found


def test_everything_that_can_be_said() -> None:
    found = step(
        f"""{{plugin: {{oidc: {{{NEEDED}, redirectUrl: 'https://shop.example/back', loginUrl: /in,
        logoutUrl: 'https://shop.example/out', postLoginRedirectUrl: /home, postLogoutRedirectUrl: 'https://bye.example',
        disableLogin: true, scopes: [email, openid], authParams: {{hd: x}}, forwardHeaders: {{X-Who: sub}}, pkce: false,
        stateCookie: {{name: t, path: /t, maxAge: 9, sameSite: Strict}},
        session: {{name: s, path: /s, domain: example, expiry: 8, refresh: false, secret: own, sameSite: none}}}}}}}}"""
    )
    assert (found.login, found.logout, found.after_login, found.after_logout) == (
        "/in",
        "/out",
        "/home",
        "https://bye.example",
    )
    assert (found.scopes, found.parameters) == (("openid", "email"), (("hd", "x"),))
    assert found.rule.claim_headers == (("X-Who", "sub"),)
    assert found.session == Cookie(name="s", path="/s", same_site="none")
    assert found.state == Cookie(name="t", path="/t", same_site="strict")
    assert (found.seal, found.domain, found.expiry, found.patience) == ("own", "example", 8, 9)
    assert found.leads_nowhere and not found.refreshes


def test_names_of_cookies_have_few_characters() -> None:
    (found,) = only(f"http: {{middlewares: {{'a b;c': {{oidc: {{{ENOUGH}}}}}}}}}").steps
    assert found.session.name == "a-b-c-file-session"


def test_what_is_missing() -> None:
    assert findings("scopes: []", "logoutUrl: /out") == [
        'error: "oidc.issuer" is missing',
        'error: "oidc.clientID" is missing',
        'error: "oidc.clientSecret" is missing',
        'error: "oidc.redirectUrl" is missing',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loginUrl: in", '"oidc.loginUrl" must be a path such as /callback, or a URL with one, not "in"'),
        (
            "logoutUrl: 'https://a'",
            '"oidc.logoutUrl" must be a path such as /callback, or a URL with one, not "https://a"',
        ),
        ("postLogoutRedirectUrl: x", '"oidc.postLogoutRedirectUrl" must be a path or a URL, not "x"'),
        ("session: {expiry: 0}", '"oidc.session.expiry" must be from 1 to 315360000 seconds, not 0'),
        ("stateCookie: {maxAge: -1}", '"oidc.stateCookie.maxAge" must be from 1 to 315360000 seconds, not -1'),
        ("session: {name: 'a b'}", '"oidc.session.name" is no name of a cookie: "a b"'),
        ("stateCookie: {sameSite: x}", '"oidc.stateCookie.sameSite" must be one of lax, strict, none, not "x"'),
        ("claims: 'Equals(`a`, `b`)'", '"oidc.claims" is not done here; let a server decide with forwardAuth'),
        ("clientConfig: {}", '"oidc.clientConfig" is not done here: providers are asked with the usual authorities'),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    assert findings(text) == [f"error: {message}"]


@pytest.mark.parametrize(
    ("issuer", "secret", "message"),
    [
        ("id.example", "x", '"oidc.issuer" must be a URL such as https://id.example.org, not "id.example"'),
        (
            "https://id.example",
            "urn:k8s:secret:a:b",
            '"oidc.clientSecret" refers to a secret of Kubernetes, which is not looked up; write the value itself',
        ),
    ],
)
def test_who_is_asked(issuer: str, secret: str, message: str) -> None:
    enough = f"clientID: shop, redirectUrl: /back, issuer: '{issuer}', clientSecret: '{secret}'"
    assert findings("pkce: true", enough) == [f"error: {message}"]


@pytest.mark.parametrize(
    "text",
    ["csrf: {}", "session: {secure: false}", "session: {sliding: false}", "session: {store: {}}", "usernameClaim: a"],
)
def test_what_has_no_effect_is_told(text: str) -> None:
    (message,) = findings(text)
    assert "has no effect" in message and not message.startswith("error")


def test_what_has_an_effect_only_with_something_else_is_told() -> None:
    (message,) = findings("postLoginRedirectUrl: /home")
    assert message.startswith('"oidc.postLoginRedirectUrl" has an effect only with loginUrl')


def test_secrets_are_in_no_finding() -> None:
    told: Any = findings("session: {secret: [hidden], name: ' '}, clientSecret: {hidden: 1}", "issuer: x")
    assert told and "hidden" not in str(told)
