"""What becomes of frontends and backends of Traefik 1 is taken by a real Traefik of today, without an error."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.labelled_traefik import LabelledTraefik, traefik
from tulle.sources.legacy.configuration import configuration

pytestmark = pytest.mark.e2e

RULES = (
    "Host:a.example.org,b.example.org",
    "HostRegexp:{sub:[a-z]+}.example.org",
    "Host:a.example.org;Path:/x/{id:[0-9]+}",
    "PathPrefix:/api,/v2;Method:GET,POST",
    "PathPrefixStrip:/api,/api/v1",
    "PathPrefixStripRegex:/v{n:[0-9]+}/",
    "PathStrip:/x",
    "PathStripRegex:/y/{any}",
    "AddPrefix:/x",
    "ReplacePath:/x;Host:c.example.org",
    "ReplacePathRegex:^/serv/(.*) /api/$1;PathPrefix:/serv",
    "Headers:X-A,1;HeadersRegexp:X-B,^[0-9]+$",
    "Query:a=b,c=d",
)
OPTIONS: tuple[dict[str, Any], ...] = (
    {"auth": {"basic": {"users": "a:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"}, "headerField": "X-User"}},
    {"auth": {"digest": {"users": "test:traefik:a2688e031edb4be6a3797f3882655c05"}}},
    {
        "auth": {
            "forward": {
                "address": "http://127.0.0.1:1/",
                "authResponseHeaders": "X-A,X-B",
                "trustForwardHeader": "true",
            }
        }
    },
    {"whiteList": {"sourceRange": "10.0.0.0/8,127.0.0.1/32", "useXForwardedFor": "true"}},
    {"redirect": {"entryPoint": "https", "permanent": "true"}},
    {"redirect": {"regex": "^http://a/(.*)", "replacement": "http://b/$1"}},
    {"errors": {"p": {"status": "500-599,404", "backend": "b", "query": "/{status}.html"}}},
    {"rateLimit": {"extractorFunc": "client.ip", "rateSet": {"a": {"average": "5", "burst": "10", "period": "3s"}}}},
    {"rateLimit": {"extractorFunc": "request.header.X-A", "rateSet": {"a": {"average": "5", "period": "10"}}}},
    {
        "headers": {
            "SSLRedirect": "true",
            "STSSeconds": "60",
            "STSIncludeSubdomains": "true",
            "STSPreload": "true",
            "forceSTSHeader": "true",
            "frameDeny": "true",
            "customFrameOptionsValue": "x",
            "contentTypeNosniff": "true",
            "browserXSSFilter": "true",
            "customBrowserXSSValue": "1",
            "contentSecurityPolicy": "x",
            "publicKey": "x",
            "referrerPolicy": "x",
            "isDevelopment": "false",
            "allowedHosts": "a,b",
            "hostsProxyHeaders": "X-H",
            "SSLProxyHeaders": "X-Forwarded-Proto:https",
            "customRequestHeaders": "X-A:1||X-B:",
            "customResponseHeaders": "X-C:2",
        }
    },
    {"passTLSCert": "true"},
    {
        "passTLSClientCert": {
            "pem": "true",
            "infos": {
                "notAfter": "true",
                "sans": "true",
                "subject": {"commonName": "true", "domainComponent": "true"},
                "issuer": {"country": "true"},
            },
        }
    },
    {"passHostHeader": "false", "priority": "7", "entryPoints": "web"},
)
BACKEND = {
    "servers": {"s1": {"url": "http://127.0.0.1:1", "weight": "3"}, "s2": {"url": "http://127.0.0.1:2"}},
    "loadBalancer": {"stickiness": {"cookieName": "c"}},
    "healthCheck": {"path": "/h", "port": "80", "interval": "10s", "scheme": "http", "hostname": "h", "headers": "X:y"},
    "circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(50.0) > 100"},
    "buffering": {"maxRequestBodyBytes": "1000", "memRequestBodyBytes": "10", "retryExpression": "Attempts() <= 2"},
    "maxConn": {"amount": "10", "extractorFunc": "client.ip"},
    "responseForwarding": {"flushInterval": "10ms"},
}


def everything() -> dict[str, Any]:
    frontends: dict[str, Any] = {
        f"rule{number}": {"backend": "b", "routes": {"r": {"rule": rule}}} for number, rule in enumerate(RULES)
    }
    for number, options in enumerate(OPTIONS):
        backend = "other" if "errors" in options else "b"
        route = {"r": {"rule": f"Host:o{number}.example.org"}}
        frontends[f"option{number}"] = {"backend": backend, "routes": route, **options}
    return {
        "frontends": frontends,
        "backends": {"b": BACKEND, "other": {"servers": {"s": {"url": "http://127.0.0.1:1"}}}},
    }


async def test_everything_is_taken(tmp_path: Path) -> None:
    converted = configuration(everything())
    file = tmp_path / "dynamic.yml"
    file.write_text(yaml.safe_dump(_plain(converted.content)))
    async with traefik(tmp_path, "file", f"--providers.file.filename={file}") as real:
        raw = await _raw(real)
    routers = {name: each for name, each in raw["routers"].items() if name.endswith("@file")}
    assert len(routers) == len(RULES) + len(OPTIONS)
    for kind in ("routers", "services", "middlewares"):
        wrong = {
            name: each for name, each in raw[kind].items() if each.get("error") or each.get("status") == "disabled"
        }
        assert not wrong


async def _raw(real: LabelledTraefik) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            try:
                found = await asyncio.to_thread(real.raw)
                if any(name.endswith("@file") for name in found.get("routers", {})):
                    return found
            except OSError:
                pass
            await asyncio.sleep(0.05)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
