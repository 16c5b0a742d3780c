from __future__ import annotations

from tests.dialects.traefik.reading import broken, middleware
from tulle.model.steps import RefuseHosts, SetHeaders, ShareOrigins


def test_headers_that_are_set() -> None:
    assert middleware("headers: {customRequestHeaders: {X-A: '1', X-B: ''}, customResponseHeaders: {X-C: 2}}") == (
        SetHeaders(request=(("X-A", "1"), ("X-B", "")), answer=(("X-C", "2"),)),
    )


def test_what_makes_browsers_careful() -> None:
    hosts, careful = middleware("""headers: {
  allowedHosts: [a.test], hostsProxyHeaders: [X-Host], sslProxyHeaders: {X-Proto: https}, stsSeconds: 9,
  stsIncludeSubdomains: true, stsPreload: true, frameDeny: true, contentTypeNosniff: true, browserXssFilter: true,
  contentSecurityPolicy: a, contentSecurityPolicyReportOnly: b, publicKey: c, referrerPolicy: d,
  permissionsPolicy: e}""")
    assert hosts == RefuseHosts(hosts=("a.test",), proxy_headers=("X-Host",))
    assert careful == SetHeaders(
        answer=(
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-XSS-Protection", "1; mode=block"),
            ("Content-Security-Policy", "a"),
            ("Content-Security-Policy-Report-Only", "b"),
            ("Referrer-Policy", "d"),
            ("Permissions-Policy", "e"),
        ),
        secure_answer=(
            ("Strict-Transport-Security", "max-age=9; includeSubDomains; preload"),
            ("Public-Key-Pins", "c"),
        ),
        secure_proof=(("X-Proto", "https"),),
    )


def test_with_values_of_its_own() -> None:
    (step,) = middleware(
        "headers: {stsSeconds: 1, forceSTSHeader: true, customFrameOptionsValue: SAMEORIGIN, customBrowserXSSValue: x}"
    )
    assert step == SetHeaders(
        answer=(
            ("Strict-Transport-Security", "max-age=1"),
            ("X-Frame-Options", "SAMEORIGIN"),
            ("X-XSS-Protection", "x"),
        )
    )


def test_in_development() -> None:
    assert middleware("headers: {isDevelopment: true, allowedHosts: [a], stsSeconds: 1, publicKey: x}") == ()


def test_cors() -> None:
    (step,) = middleware("""headers: {accessControlAllowOriginList: ["https://a.test"], accessControlMaxAge: 5,
  accessControlAllowOriginListRegex: [b], accessControlAllowMethods: [GET], accessControlAllowHeaders: [X],
  accessControlExposeHeaders: [Y], accessControlAllowCredentials: true, addVaryHeader: true}""")
    assert step == ShareOrigins(
        origins=("https://a.test",),
        patterns=("b",),
        methods=("GET",),
        headers=("X",),
        exposed=("Y",),
        max_age=5,
        allows_credentials=True,
        adds_vary=True,
    )


def test_mistakes() -> None:
    assert broken("headers: {}") == '"headers" says nothing; write the headers'
    assert broken("headers: {accessControlAllowOriginListRegex: ['(']}").startswith(
        '"headers.accessControlAllowOriginListRegex[0]" '
    )
