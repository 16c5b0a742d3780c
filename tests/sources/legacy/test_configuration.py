from __future__ import annotations

from typing import Any

import pytest

from tulle.kit.located import LocatedList, LocatedMap
from tulle.sources.legacy.configuration import configuration


def said(frontend: dict[str, Any] | None = None, backend: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    routes = {"r": {"rule": "Host:a.org;PathPrefixStrip:/x"}}
    return {
        "frontends": {"f": {"backend": "b", "routes": routes, **(frontend or {})}},
        "backends": {"b": {"servers": {"s1": {"url": "http://10.0.0.1:80", "weight": 1}}, **(backend or {})}},
        **more,
    }


def test_a_frontend_is_a_router_and_a_backend_a_service() -> None:
    found = configuration(said({"entryPoints": ["http"], "priority": "5"}))
    assert found.content == {
        "http": {
            "routers": {
                "f": {
                    "rule": "Host(`a.org`) && PathPrefix(`/x`)",
                    "ruleSyntax": "v2",
                    "priority": 5,
                    "service": "b",
                    "entryPoints": ["http"],
                    "middlewares": ["f-stripprefix"],
                }
            },
            "services": {"b": {"loadBalancer": {"servers": [{"url": "http://10.0.0.1:80"}]}}},
            "middlewares": {"f-stripprefix": {"stripPrefix": {"prefixes": ["/x"]}}},
        }
    }
    assert not found.errors
    assert isinstance(found.content["http"]["services"]["b"]["loadBalancer"]["servers"], LocatedList)
    assert isinstance(found.content["http"]["routers"]["f"], LocatedMap)


def test_the_priority_is_the_length_of_what_was_written() -> None:
    routers = configuration(said({"priority": "0"})).content["http"]["routers"]
    assert routers["f"]["priority"] == len("Host:a.org;PathPrefixStrip:/x")


def test_who_does_not_pass_the_host_has_a_service_of_his_own() -> None:
    services = configuration(said({"passHostHeader": "false"})).content["http"]["services"]
    assert services["b-without-host"]["loadBalancer"]["passHostHeader"] is False


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ({"loadBalancer": {"stickiness": {"cookieName": "c"}}}, {"sticky": {"cookie": {"name": "c"}}}),
        ({"loadBalancer": {"stickiness": "true"}}, {"sticky": {"cookie": {}}}),
        ({"loadBalancer": {"sticky": True}}, {"sticky": {"cookie": {"name": "_TRAEFIK_BACKEND"}}}),
        ({"loadBalancer": {"method": "wrr"}}, {}),
        (
            {"healthCheck": {"path": "/h", "port": "81", "interval": "5s", "headers": "X-A:1"}},
            {"healthCheck": {"path": "/h", "port": 81, "interval": "5s", "headers": {"X-A": "1"}}},
        ),
        ({"healthCheck": {"interval": "5s"}}, {}),
        ({"responseForwarding": {"flushInterval": "1s"}}, {"responseForwarding": {"flushInterval": "1s"}}),
        (
            {"servers": {"a": {"url": "http://a", "weight": "7"}, "b": {"weight": 1}}},
            {"servers": [{"url": "http://a", "weight": 7}]},
        ),
    ],
)
def test_services(backend: dict[str, Any], expected: dict[str, Any]) -> None:
    balancer = configuration(said(None, backend)).content["http"]["services"]["b"]["loadBalancer"]
    assert balancer == {"servers": [{"url": "http://10.0.0.1:80"}], **expected}


def test_mistakes_hurt_one_frontend_only() -> None:
    everything = said()
    everything["frontends"].update(
        {
            "lost": {"backend": "bb", "routes": {"r": {"rule": "Host:b.org"}}},
            "bad": {"backend": "b", "routes": {"r": {"rule": "Hots:b.org"}}},
            "none": {"backend": "b"},
        }
    )
    found = configuration(everything)
    assert list(found.content["http"]["routers"]) == ["f"]
    assert found.errors == (
        'frontend bad is left out: its rule has Hots where a function is needed; did you mean "Host"?',
        'frontend lost is left out: its backend "bb" does not exist; did you mean "b"?',
        "frontend none is left out: it has no rule",
    )


def test_backends_that_are_not_exactly_the_same_are_told_once() -> None:
    everything = said(None, {"loadBalancer": {"method": "drr"}})
    everything["frontends"]["g"] = everything["frontends"]["f"]
    assert configuration(everything).errors == ("backend b: loadBalancer.method drr is not known; wrr is used",)


def test_pages_limits_and_names() -> None:
    everything = said(
        {
            "errors": {"p": {"status": "500", "backend": "pages", "query": "/"}},
            "rateLimit": {"extractorFunc": "client.ip", "rateSet": {"r": {"average": 1}}},
        },
        {"maxConn": {"amount": 1}},
    )
    everything["backends"]["pages"] = {"servers": {"s": {"url": "http://p"}}}
    everything["frontends"] = {"f@x": everything["frontends"]["f"]}
    http = configuration(everything).content["http"]
    assert http["routers"]["f-x"]["middlewares"] == [
        "f-x-stripprefix",
        "f-x-errors-p",
        "f-x-maxconn",
        "f-x-ratelimit-r",
    ]
    assert set(http["services"]) == {"b", "pages"}


def test_certificates() -> None:
    pair = {"certFile": "c", "keyFile": "k"}
    found = configuration(
        {"tls": {"a": {"certificate": pair, "entryPoints": "https"}, "b": {"certificate": {}}, "c": {}}}
    )
    assert found.content == {"tls": {"certificates": [pair]}}
    assert len(found.errors) == 2


@pytest.mark.parametrize("odd", [None, "x", [], {"frontends": "x", "backends": []}, {}])
def test_odd_forms_say_nothing(odd: Any) -> None:
    assert configuration(odd).content == {}
