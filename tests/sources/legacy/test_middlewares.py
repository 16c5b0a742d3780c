from __future__ import annotations

from typing import Any

import pytest

from tulle.sources.legacy.middlewares import limits, of_backend, of_frontend
from tulle.sources.legacy.values import Section


def frontend(**said: Any) -> tuple[dict[str, Any], list[str]]:
    section = Section(said, "frontend x")
    return {
        name: {type_: options} for name, type_, options in of_frontend(section, {"b": "b", "b2": "b2"})
    }, section.errors


def test_nothing() -> None:
    assert frontend() == ({}, [])


def test_the_order_is_that_of_traefik_1() -> None:
    found, _ = frontend(
        passTLSCert=True,
        auth={"basic": {"users": "a:b"}},
        headers={"frameDeny": "true", "SSLRedirect": "true"},
        redirect={"entryPoint": "https"},
        whiteList={"sourceRange": "10.0.0.0/8"},
        errors={"p": {"status": "500-599", "backend": "b2", "query": "/{status}"}},
    )
    assert list(found) == ["errors-p", "whitelist", "redirect", "ssl", "headers", "auth", "certificate"]
    assert found["errors-p"] == {"errors": {"status": ["500-599"], "service": "b2", "query": "/{status}"}}
    assert found["whitelist"] == {"ipAllowList": {"sourceRange": ["10.0.0.0/8"]}}
    assert found["redirect"] == {"redirectScheme": {"scheme": "https", "permanent": False}}
    assert found["ssl"] == {"redirectScheme": {"scheme": "https", "permanent": True}}
    assert found["headers"] == {"headers": {"frameDeny": True}}
    assert found["certificate"] == {"passTLSClientCert": {"pem": True}}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"basicAuth": ["a:b"]}, {"basicAuth": {"users": ["a:b"]}}),
        ({"auth": {"basic": "a:b,c:d"}}, {"basicAuth": {"users": ["a:b", "c:d"]}}),
        (
            {"auth": {"basic": {"usersFile": "/f", "removeHeader": "true"}, "headerField": "X-U"}},
            {"basicAuth": {"users": [], "usersFile": "/f", "removeHeader": True, "headerField": "X-U"}},
        ),
        ({"auth": {"digest": {"users": "a:r:h"}}}, {"digestAuth": {"users": ["a:r:h"]}}),
        (
            {
                "auth": {
                    "forward": {
                        "address": "http://auth",
                        "trustForwardHeader": "1",
                        "authResponseHeaders": "X-A,X-B",
                        "tls": {"ca": "/ca", "insecureSkipVerify": "true"},
                    }
                }
            },
            {
                "forwardAuth": {
                    "address": "http://auth",
                    "trustForwardHeader": True,
                    "authResponseHeaders": ["X-A", "X-B"],
                    "tls": {"ca": "/ca", "insecureSkipVerify": True},
                }
            },
        ),
        (
            {"auth": {"forward": {"address": "http://auth", "tls": {"ca": "/c"}}}},
            {"forwardAuth": {"address": "http://auth", "tls": {"ca": "/c"}}},
        ),
    ],
)
def test_who_may_come_in(said: dict[str, Any], expected: dict[str, Any]) -> None:
    found, errors = frontend(**said)
    assert found == {"auth": expected}
    assert not errors


def test_what_is_not_exactly_the_same_is_told() -> None:
    found, errors = frontend(
        whiteList={"sourceRange": "10.0.0.0/8", "useXForwardedFor": "true"},
        redirect={"entryPoint": "web-tls", "permanent": "true"},
        headers={"SSLHost": "a.org"},
        auth={},
        errors={"p": {"backend": "gone"}},
    )
    assert found["whitelist"]["ipAllowList"]["ipStrategy"] == {"depth": 1}
    assert found["redirect"] == {"redirectScheme": {"scheme": "https", "permanent": True}}
    assert "headers" not in found
    assert len(errors) == 5


def test_redirects_and_headers() -> None:
    found, _ = frontend(
        redirect={"regex": "^a", "replacement": "b"},
        whitelistSourceRange="10.0.0.0/8",
        headers={
            "customRequestHeaders": "X-A:1",
            "stsSeconds": 5,
            "allowedHosts": "a,b",
            "SSLRedirect": "true",
            "SSLTemporaryRedirect": "true",
        },
        passTLSClientCert={"infos": {"notAfter": "true", "subject": {"commonName": "true"}}},
    )
    assert found["redirect"] == {"redirectRegex": {"regex": "^a", "replacement": "b", "permanent": False}}
    assert found["headers"] == {
        "headers": {"stsSeconds": "5", "customRequestHeaders": {"X-A": "1"}, "allowedHosts": ["a", "b"]}
    }
    assert found["ssl"]["redirectScheme"]["permanent"] is False
    assert found["certificate"] == {"passTLSClientCert": {"info": {"notAfter": True, "subject": {"commonName": True}}}}
    assert frontend(redirect={}, passTLSClientCert={"pem": "true"})[0] == {
        "certificate": {"passTLSClientCert": {"pem": True}}
    }


def test_what_a_backend_does() -> None:
    section = Section(
        {
            "circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"},
            "buffering": {"maxRequestBodyBytes": "10", "retryExpression": "Attempts() < 2"},
            "maxConn": {"amount": "3"},
        },
        "backend b",
    )
    assert {name: {type_: options} for name, type_, options in of_backend(section)} == {
        "circuitbreaker": {"circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"}},
        "buffering": {"buffering": {"maxRequestBodyBytes": 10, "retryExpression": "Attempts() < 2"}},
        "maxconn": {"inFlightReq": {"amount": 3, "sourceCriterion": {"requestHost": True}}},
    }
    assert not list(of_backend(Section({"maxConn": {"amount": "0"}, "circuitBreaker": {}}, "b")))


@pytest.mark.parametrize(
    ("extractor", "criterion"),
    [
        ("client.ip", {"ipStrategy": {"depth": 0}}),
        ("request.host", {"requestHost": True}),
        ("request.header.X-A", {"requestHeaderName": "X-A"}),
        ("other", {"ipStrategy": {"depth": 0}}),
    ],
)
def test_limits(extractor: str, criterion: dict[str, Any]) -> None:
    rates = {"a": {"average": "10", "burst": "20", "period": "10s"}, "b": {}}
    section = Section({"rateLimit": {"extractorFunc": extractor, "rateSet": rates}}, "frontend x")
    first, second = limits(section)
    assert first == (
        "ratelimit-a",
        "rateLimit",
        {"average": 10, "period": "10s", "burst": 20, "sourceCriterion": criterion},
    )
    assert second[2]["burst"] == 1
    assert bool(section.errors) == (extractor == "other")
    assert not list(limits(Section({}, "x")))
