"""Steps of a real Envoy against the middlewares of the real Traefik: chains by chance, and requests by chance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.steps_and_real import Both, Call, asked, both, ours_alone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SEED = 20_262
CHAINS = 120
REQUESTS = 12
PREFIXES = ("/", "/a", "/a/", "/b/c", "/A", "//x", "/..", "/;a", "/a+b", "/$1", "/a/b/")
PATTERNS = (
    *(
        "^/(.*)",
        "/a",
        "a",
        "b$",
        "^/a(/|$)(.*)",
        "/(?P<n>[a-z]+)/(.*)",
        "[^/]+",
        "(?i)/A",
        "^/$",
        "^",
        "$",
        "a|b",
        "/+",
    ),
    *(".*", "/a[^/]*", "(%2F)", "\\.", "(a)(b)?", "(?:x)(y)", "[]a]", "[(]?(a)", "\\Qa\\E"),
)
REPLACEMENTS = ("/z", "/$1", "/${1}x", "/$2/$1", "/new/$0", "/$n", "/${n}", "/$1x", "/%41", "/$$", "/\\1", "/../y")
URLS = ("^http://a.test/(.*)", "https?://([^/:]+)(:[0-9]+)?/(.*)", "/a", "^$", "(?i)A.TEST", "^http://(.*)$", "/b/(.*)")
PLACES = ("http://b.test/$1", "https://$1/$3", "https://x.test/", "http://a.test/$1", "/x y", "/x?y=1", "%")
NAMES = ("X-A", "x-b", "Host", "User-Agent", "X-Forwarded-Proto", "Cookie", "Accept", "X-Forwarded-Prefix")
ANSWERS = ("X-A", "Server", "x-service-x", "Vary", "Location", "Set-Cookie", "X-Content-Type-Options")
VALUES = ("1", "", "a b", "ü", "a,b", "%", "%REQ(x-a)%", "$1", '"q"', "a:b")
RANGES = ("127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "::1", "2001:db8::/32", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104")
PATHS = (
    *("/", "/a", "/a/b", "/a/b/c?q=/a", "/A/x", "/%61/b", "/a%2Fb", "/a%2fb/", "/a%20b/x", "/b/c/d", "/b", "/x", "/a/"),
    *(
        "/a//b",
        "/a/../b/c",
        "/%C3%BC/x",
        "/ab",
        "/a?",
        "/%2e%2e/a",
        "/a%3Fb",
        "/a%25b",
        "/$1",
        "/a+b",
        "/a%5Cb",
        "/a|b",
    ),
)
HOSTS = ("a.test", "a.test:80", "A.Test", "b.test", "a.test:8443", "x", "a.test.")
FORWARDED = (
    *("", "10.1.1.1", "1.1.1.1, 10.1.1.1", "10.1.1.1,  2001:db8::1", "::1", "garbage", "10.0.0.1, garbage, 127.0.0.1"),
    *(", ,", "[::1]", "::ffff:10.1.2.3", "10.1.1.1:80", "[2001:db8::1]:80", "fe80::1%eth0", "01.2.3.4", "10.1.1.1, "),
)


EVERYTHING: dict[str, dict[str, Any]] = {
    "add": {"addPrefix": {"prefix": "/a"}},
    "basic": {"basicAuth": {"users": ["bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="]}},
    "breaker": {"circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"}},
    "bodies": {"buffering": {"maxRequestBodyBytes": 10, "maxResponseBodyBytes": 10}},
    "careful": {"headers": {"frameDeny": True, "stsSeconds": 1}},
    "certificate": {"passTLSClientCert": {"pem": True, "info": {"subject": {"commonName": True}}}},
    "compress": {"compress": {"minResponseBodyBytes": 1}},
    "digest": {"digestAuth": {"users": ["bob:traefik:a2688e031edb4be6a3797f3882655c05"]}},
    "escapes": {"encodedCharacters": {"allowEncodedSlash": True}},
    "forward": {"forwardAuth": {"address": "http://127.0.0.1:1/", "authResponseHeadersRegex": "^X-(A|Bc)"}},
    "grpc": {"grpcWeb": {"allowOrigins": ["*"]}},
    "host": {"inFlightReq": {"amount": 1}},
    "in": {"inFlightReq": {"amount": 1, "sourceCriterion": {"ipStrategy": {"depth": 1}}}},
    "network": {"rateLimit": {"average": 1, "sourceCriterion": {"ipStrategy": {"ipv6Subnet": 64}}}},
    "origins": {"headers": {"accessControlAllowOriginListRegex": ["a", "b"]}},
    "pages": {"errors": {"status": ["500-599"], "service": "told", "query": "/{status}"}},
    "pattern": {"replacePathRegex": {"regex": "", "replacement": "x"}},
    "rate": {"rateLimit": {"average": 1000, "burst": 5}},
    "redis": {"rateLimit": {"average": 1, "redis": {"endpoints": ["127.0.0.1:1"]}}},
    "strip": {"stripPrefixRegex": {"regex": ["/a", ""]}},
    "types": {"contentType": {"autoDetect": True}},
    "url": {"redirectRegex": {"regex": "(a)", "replacement": "$1"}},
}


class Chance:
    """Middlewares and requests, always the same ones."""

    def __init__(self) -> None:
        self.random = Random(SEED)

    def some(self, values: tuple[str, ...], most: int = 3) -> list[str]:
        return [self.random.choice(values) for _ in range(self.random.randint(1, most))]

    def flags(self, *names: str) -> dict[str, Any]:
        return {name: True for name in names if self.random.random() < 0.5}

    def middleware(self) -> dict[str, Any]:
        kind = self.random.choice(("paths", "paths", "headers", "headers", "elsewhere", "refusals"))
        made: dict[str, Any] = getattr(self, kind)()
        return made

    def paths(self) -> dict[str, Any]:
        one = self.random.choice
        kinds = {
            "addPrefix": {"prefix": one(PREFIXES)},
            "stripPrefix": {"prefixes": self.some(PREFIXES)},
            "stripPrefixRegex": {"regex": self.some(PATTERNS, 2)},
            "replacePath": {"path": one((*PREFIXES, "/x%20y", "/%C3%BC"))},
            "replacePathRegex": {"regex": one(PATTERNS), "replacement": one(REPLACEMENTS)},
        }
        kind = one(tuple(kinds))
        return {kind: kinds[kind]}

    def elsewhere(self) -> dict[str, Any]:
        one = self.random.choice
        permanent = one((True, False))
        if one((True, False)):
            scheme, port = one(("https", "http")), one(("", "80", "443", "8443"))
            return {"redirectScheme": {"scheme": scheme, "port": port, "permanent": permanent}}
        return {"redirectRegex": {"regex": one(URLS), "replacement": one(PLACES), "permanent": permanent}}

    def headers(self) -> dict[str, Any]:
        one = self.random.choice
        custom = {name: one(VALUES) if name != "Host" else "b.test" for name in self.some(NAMES)}
        shared = {
            "accessControlAllowOriginList": self.some(("http://ok.test", "*", "http://b.test"), 2),
            "accessControlAllowOriginListRegex": self.some(("ok", "^http://[a-z]+\\.test$", "b\\.test$"), 2),
            "accessControlAllowHeaders": self.some(("x-a", "*", "x-b")),
            "accessControlAllowMethods": self.some(("GET", "PUT", "*")),
            "accessControlExposeHeaders": self.some(("x-e", "*"), 2),
            **one(({}, {"accessControlMaxAge": one((0, 100, -1))})),
            **self.flags("accessControlAllowCredentials", "addVaryHeader"),
        }
        careful = {
            "frameDeny": True,
            **self.flags("contentTypeNosniff", "browserXssFilter", "stsPreload", "forceSTSHeader", "isDevelopment"),
            "stsSeconds": one((0, 100)),
            "publicKey": "k",
            "referrerPolicy": "no",
        }
        answers = {name: one(VALUES) for name in self.some(ANSWERS)}
        both_ways = {"customRequestHeaders": custom, "customResponseHeaders": answers}
        return {"headers": one((both_ways, shared, careful, {**shared, **both_ways, **careful}))}

    def refusals(self) -> dict[str, Any]:
        one = self.random.choice
        strategy = one(
            ({}, {"depth": one((1, 2, 3))}, {"excludedIPs": self.some(RANGES)}, {"depth": 1, "ipv6Subnet": 64})
        )
        allowed = {"sourceRange": self.some(RANGES), **({"ipStrategy": strategy} if strategy else {})}
        hosts = {"allowedHosts": self.some(("a.test", "A.TEST", "a.test:80"), 2), "hostsProxyHeaders": ["X-Host"]}
        escapes = {"allowEncodedSlash": True, **self.flags("allowEncodedPercent", "allowEncodedQuestionMark")}
        return one(
            (
                {"ipAllowList": {**allowed, "rejectStatusCode": one((403, 404, 451))}},
                {"headers": hosts},
                {"encodedCharacters": escapes},
            )
        )

    def call(self, router: str) -> Call:
        one = self.random.choice
        known = {
            "X-Forwarded-For": FORWARDED,
            "X-Forwarded-Proto": ("http", "ws"),
            "Origin": ("http://ok.test", "http://b.test", "null", "http://xok", ""),
            "Access-Control-Request-Method": ("PUT", "GET"),
            "Access-Control-Request-Headers": ("x-a, x-c",),
            "X-Host": ("a.test", "b.test", ""),
            "X-A": ("old", "x"),
            "X-Forwarded-Prefix": ("/old",),
        }
        headers = tuple((name, one(values)) for name, values in known.items() if self.random.random() < 0.35)
        method = one(("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT"))
        return Call(router, one(PATHS), method, one(HOSTS), headers)


@pytest.fixture(scope="module")
def chance() -> Chance:
    return Chance()


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory, chance: Chance) -> Iterator[Both]:
    middlewares: dict[str, Any] = {}
    chains: dict[str, list[str]] = {}
    for number in range(CHAINS):
        names = [f"m{number}-{index}" for index in range(chance.random.choice((1, 1, 2, 3, 4, 6)))]
        middlewares |= {name: chance.middleware() for name in names}
        chains[f"r{number}"] = names
    entry = {"forwardedHeaders": {"insecure": True}}
    with both(tmp_path_factory.mktemp("steps"), middlewares, chains, entry) as found:
        yield found


def test_steps_do_what_middlewares_do(gateways: Both, chance: Chance) -> None:
    calls = [chance.call(f"r{number}") for number in range(CHAINS) for _ in range(REQUESTS)]
    different = gateways.differences(calls)
    assert not different, f"{len(different)} of {len(calls)}:\n" + "\n".join(different[:5])


def test_nothing_makes_the_interpreter_fail(gateways: Both, chance: Chance) -> None:
    """What a client may send that is odder than what the two are compared by; a failure would be 500 and a line."""
    odd = (
        Call("r0", "/" + "a" * 9000),
        Call("r1", "*", "OPTIONS"),
        Call("r2", "/a", headers=(("X-Forwarded-For", "," * 5000),)),
        Call("r3", "/a", headers=(("Origin", "\xff\xfe"), ("Access-Control-Request-Method", "\xff"))),
        Call("r4", "/%", "GET"),
        Call("r5", "/a?" + "&" * 5000),
        Call("r6", "/a", "GET", "[::1]:80"),
    )
    for call in odd:
        for number in range(CHAINS):
            gateways.ours_answers(Call(f"r{number}", call.path, call.method, call.host, call.headers))
    assert "steps:" not in gateways.said()


def test_envoy_takes_every_step_alone_and_all_of_them_in_a_row(tmp_path: Path) -> None:
    """What it refuses takes all routes of the host along."""
    chains = {name: [name] for name in EVERYTHING} | {"all": list(EVERYTHING), "back": list(EVERYTHING)[::-1]}
    with ours_alone(tmp_path, EVERYTHING, chains) as (port, plane):
        assert plane.refusals == {}
        assert asked(port, Call("ready", "/")).status == 502
        # Nobody answers questions about passwords here.
        assert asked(port, Call("basic", "/")).status == 503
        assert asked(port, Call("forward", "/")).status == 500
