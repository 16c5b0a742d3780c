from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import broken, middleware, named, read
from tulle.model.names import Name
from tulle.model.policies import Retry
from tulle.model.routers import Reference
from tulle.model.services import Resolution
from tulle.model.steps import (
    AddPrefix,
    Break,
    BridgeGrpc,
    CertificateParts,
    Compress,
    GuessTypes,
    LimitBodies,
    LimitInFlight,
    LimitRate,
    RedirectPattern,
    RedirectScheme,
    Redis,
    RefuseEscapes,
    ReplacePath,
    ReplacePattern,
    SameClient,
    ShowCertificate,
    StripPattern,
    StripPrefix,
    TryAgain,
)

ESCAPES = ("%2f", "%5c", "%00", "%3b", "%25", "%3f", "%23")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("addPrefix: {prefix: /a}", AddPrefix(prefix="/a")),
        ("stripPrefix: {prefixes: '/a, /b'}", StripPrefix(prefixes=("/a", "/b"))),
        ("stripPrefixRegex: {regex: [' /[a-z]+']}", StripPattern(patterns=("/[a-z]+",))),
        ("replacePath: {path: /a}", ReplacePath(path="/a")),
        ("replacePathRegex: {regex: ^/(.), replacement: /$1}", ReplacePattern(pattern="^/(.)", replacement="/$1")),
        (
            "redirectScheme: {scheme: https, port: 443, permanent: true}",
            RedirectScheme(scheme="https", port="443", is_permanent=True),
        ),
        ("redirectRegex: {regex: a, replacement: b}", RedirectPattern(pattern="a", replacement="b")),
        ("inFlightReq: {amount: 3}", LimitInFlight(amount=3, by=SameClient(is_host=True))),
        ("buffering: {maxRequestBodyBytes: 1, maxResponseBodyBytes: 2}", LimitBodies(request=1, answer=2)),
        (
            "retry: {attempts: 3, initialInterval: 1s, status: [503], retryNonIdempotentMethod: true}",
            TryAgain(
                retry=Retry(attempts=2, status_codes=(503,), backoff=1.0, non_idempotent=True, any_host=True),
            ),
        ),
        (
            "compress: {encodings: [br], defaultEncoding: br, minResponseBodyBytes: 9, includedContentTypes: [a/b]}",
            Compress(encodings=("br",), default="br", minimum=9, included=("a/b",)),
        ),
        ("compress: {excludedContentTypes: [a/b]}", Compress(excluded=("a/b",))),
        (
            "circuitBreaker: {expression: NetworkErrorRatio() > 0.5, checkPeriod: 1s, fallbackDuration: 2s, "
            "recoveryDuration: 3s, responseCode: 500}",
            Break(expression="NetworkErrorRatio() > 0.5", check_period=1.0, fallback=2.0, recovery=3.0, status=500),
        ),
        ("contentType: {}", GuessTypes()),
        ("encodedCharacters: {allowEncodedSlash: true}", RefuseEscapes(escapes=ESCAPES[1:])),
        ("grpcWeb: {allowOrigins: ['*']}", BridgeGrpc(origins=("*",))),
        ("passTLSClientCert: {pem: true}", ShowCertificate(shows_pem=True)),
        (
            "passTLSClientCert: {info: {notAfter: true, notBefore: true, sans: true, serialNumber: true, "
            "subject: {commonName: true}}}",
            ShowCertificate(
                subject=CertificateParts(common_name=True),
                shows_start=True,
                shows_end=True,
                shows_names=True,
                shows_serial_number=True,
            ),
        ),
    ],
)
def test_steps(text: str, step: Any) -> None:
    assert middleware(text) == (step,)


def test_rates() -> None:
    (step,) = middleware("rateLimit: {average: 6, period: 1m, burst: 0}")
    assert isinstance(step, LimitRate)
    assert (step.average, step.period, step.burst, step.redis) == (6, 60.0, 1, None)
    assert middleware("rateLimit: {}") == ()
    (step,) = middleware("rateLimit: {average: 1, redis: {endpoints: ['r:1'], username: u, password: p, db: 2}}")
    assert step.redis == Redis(endpoints=("r:1",), username="u", password="p", database=2)
    (step,) = middleware("""rateLimit: {average: 1, redis: {maxActiveConns: 3, readTimeout: 1, writeTimeout: 2,
      dialTimeout: 4, tls: {ca: ca, cert: c, key: k, insecureSkipVerify: true}}}""")
    assert step.redis == Redis(
        pool_size=3,
        read_timeout=1.0,
        write_timeout=2.0,
        dial_timeout=4.0,
        has_tls=True,
        ca="/etc/traefik/ca",
        certificate="/etc/traefik/c",
        key="/etc/traefik/k",
        skips_verification=True,
    )


def test_chains() -> None:
    objects, _ = read("http: {middlewares: {m: {chain: {middlewares: [a, b@docker]}}}}")
    assert objects[0].parts == (Reference(Name("@file", "a")), Reference(Name("@docker", "b")))


def test_pages_for_errors() -> None:
    (step,) = middleware("""errors: {status: [500-599, '404'], service: pages, query: '/{status}.html',
      statusRewrites: {'404': 200, 500-502: 418}, errorRequestHeaders: [X]}""")
    assert step.statuses == ((500, 599), (404, 404))
    assert step.backend.service == Name("@file", "pages")
    assert (step.path, step.rewrites, step.headers) == ("/{status}.html", ((404, 404, 200), (500, 502, 418)), ("X",))


def test_another_server_decides() -> None:
    objects, findings = read("""
http:
  middlewares:
    m:
      forwardAuth:
        address: https://auth.test/check
        tls: {ca: ca, cert: c, key: k, insecureSkipVerify: true}
        trustForwardHeader: true
        authResponseHeaders: [X-User]
        authResponseHeadersRegex: ^X-
        authRequestHeaders: [Cookie]
        maxResponseBodySize: 5
        addAuthCookiesToResponse: [c]
        headerField: X-Name
        forwardBody: true
        maxBodySize: 6
        preserveLocationHeader: true
        preserveRequestMethod: true
        authSigninURL: https://sign.in
""")
    (finding,) = findings
    assert finding.endswith('"forwardAuth.headerField" has no effect: names are not logged')
    pool = named(objects)["middleware/m"]
    (step,) = named(objects)["m"].steps
    assert step.backend.service == pool.name
    assert (step.url, step.trusts_forwarded, step.consent_headers) == ("https://auth.test/check", True, ("X-User",))
    assert (step.shows_body, step.largest_body, step.largest_answer) == (True, 6, 5)
    assert (step.keeps_location, step.keeps_method, step.sign_in) == (True, True, "https://sign.in")
    assert pool.service.resolution is Resolution.DNS
    assert pool.service.policy.tls.server_name == "auth.test"
    objects, _ = read("http: {middlewares: {m: {forwardAuth: {address: 'http://127.0.0.1:81'}}}}")
    pool = named(objects)["middleware/m"]
    assert (pool.service.resolution, pool.service.policy.tls) == (Resolution.ENDPOINTS, None)


def test_without_tls_settings() -> None:
    objects, _ = read("http: {middlewares: {m: {forwardAuth: {address: 'https://a.test'}}}}")
    tls = named(objects)["middleware/m"].service.policy.tls
    assert (tls.ca_file, tls.certificate_file, tls.skips_verification) == ("", "", False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be exactly one kind of middleware, not none of them"),
        ("addPrefix: {prefix: /a}, chain: {}", "must be exactly one kind of middleware, not 2 of them"),
        ("addPrefix: {}", '"addPrefix.prefix" is missing'),
        ("redirectScheme: {}", '"redirectScheme.scheme" is missing'),
        ("ipAllowList: {}", '"ipAllowList.sourceRange" is empty; name the addresses that are let in'),
        (
            "rateLimit: {average: 1, period: -1s}",
            '"rateLimit.period" must not be negative, as "-1s" is',
        ),
        ("retry: {}", '"retry.attempts" must be at least 1, not 0'),
        ("compress: {encodings: [x]}", '"compress.encodings[0]" must be one of gzip, br, zstd, not "x"'),
        (
            "compress: {includedContentTypes: [a], excludedContentTypes: [b]}",
            '"compress" has both excludedContentTypes and includedContentTypes; write one of them',
        ),
        ("errors: {status: ['500']}", '"errors.service" is missing'),
        ("circuitBreaker: {}", '"circuitBreaker.expression" is missing'),
        (
            "circuitBreaker: {expression: Nonsense()}",
            '"circuitBreaker.expression" cannot be understood: there is no `Nonsense`; there are '
            "LatencyAtQuantileMS, NetworkErrorRatio, ResponseCodeRatio",
        ),
        (
            "plugin: {demo: {}}",
            '"plugin.demo" is code that only Traefik runs; a WasmPlugin of Istio, or an EnvoyFilter with Lua, '
            "can do it",
        ),
        (
            "forwardAuth: {address: 'ftp://a'}",
            '"forwardAuth.address" must be a URL such as http://auth.example.org/check, not "ftp://a"',
        ),
        (
            "forwardAuth: {address: 'http://a:x'}",
            '"forwardAuth.address" must be a URL such as http://auth.example.org/check, not "http://a:x"',
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    assert broken(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "stripPrefixRegex: {regex: ['(']}",
        "replacePathRegex: {regex: '('}",
        "redirectRegex: {regex: '('}",
        "forwardAuth: {address: 'http://a', authResponseHeadersRegex: '('}",
        "addPrefix: {x: 1}",
    ],
)
def test_patterns_and_fields_are_checked(text: str) -> None:
    assert broken(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "errors: {service: s}",
            '"errors.status" is empty, so that there is never a page; name statuses such as 500-599',
        ),
        ("chain: {}", '"chain.middlewares" is empty; nothing is done'),
        (
            "headers: {sslRedirect: true, stsSeconds: 1}",
            '"headers.sslRedirect" has no effect, and none in Traefik 3: use the middleware redirectScheme',
        ),
    ],
)
def test_what_has_no_effect(text: str, message: str) -> None:
    objects, findings = read(f"http: {{middlewares: {{m: {{{text}}}}}}}")
    assert len(objects) == 1
    assert findings == [f"1 warning: middleware m: {message}"]


def test_buffering_sends_again() -> None:
    steps_, findings = read("http: {middlewares: {m: {buffering: {retryExpression: Attempts() < 3}}}}")
    (found,) = steps_
    assert [type(each) for each in found.steps] == [LimitBodies, TryAgain]
    assert not findings
    assert broken("buffering: {retryExpression: Luck()}")
