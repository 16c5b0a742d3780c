from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any
from weakref import ref

import pytest

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import HERE, backend, http, prefix, rule, service
from tulle.envoy import hosts
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.hosts import Rules
from tulle.envoy.treatments import Treatment
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Policy, TlsMode, Tunnel
from tulle.model.routes import Backend, Forward, RouteSet, StreamMatch, StreamRule
from tulle.model.services import Port, Protocol, Resolution, Service

SETTINGS = Settings()
ME = Caller(namespace="default")
NO_RULES = Rules((), ())
TLS = Port(name="tls", number=443, protocol=Protocol.TLS)
WEB = service("web", http(80), Port(name="db", number=5432, protocol=Protocol.TCP), TLS)
OTHER = service("other", http(80), Port(name="db", number=5432, protocol=Protocol.TCP))


def compiled(
    port: Port, rules: Rules = NO_RULES, of: Service = WEB, authority: str = ""
) -> tuple[hosts.Compiled, Json]:
    found = hosts.service_host(of, port, ME, authority, rules, SETTINGS)
    return found, decoded(found.host)


def clusters_of(found: hosts.Compiled) -> list[str]:
    return [each.name for each in found.clusters]


def routes(*rules: Any, streams: tuple[StreamRule, ...] = ()) -> RouteSet:
    return RouteSet(name=Name("default", "r"), origin=HERE, service=WEB.name, rules=rules, streams=streams)


def stream(*to: Backend, **match: Any) -> RouteSet:
    """Rules for connections; without backends they are closed."""
    return routes(streams=(StreamRule(name="s", origin=HERE, matches=(StreamMatch(**match),), backends=to),))


def ruled(*sets: RouteSet, denied: frozenset[Name] = frozenset()) -> Rules:
    return Rules(sets, (ref(OTHER),), denied)


def tunnel_of(message: Json) -> Json:
    (found,) = [each for each in message["routes"] if "connect_matcher" in each["match"]]
    action: Json = found["route"]
    return action


@pytest.mark.parametrize(
    ("complete", "streamed", "expected"), [(True, False, 404), (False, False, None), (True, True, None)]
)
def test_calls_that_no_rule_matches(complete: bool, streamed: bool, expected: int | None) -> None:
    one = stream(backend("other")) if streamed else routes(rule("a", Forward(backends=(backend("web"),)), prefix("/a")))
    _, message = compiled(WEB.ports[0], ruled(replace(one, is_complete=complete)))
    *_, rest, _ = message["routes"]
    assert rest["match"] == {"prefix": "/"}
    assert rest.get("direct_response", {}).get("status") == expected
    if expected is not None:
        said = rest["response_headers_to_add"][0]["header"]
        assert said == {"key": "x-tulle-reason", "value": 'no rule for service "web.default" matches the request'}


def test_a_host_is_asked_for_by_any_of_its_names() -> None:
    found, message = compiled(WEB.ports[0])
    assert found.host.name == message["name"] == "outbound.default/web.default:80"
    assert set(found.host.aliases) == {f"outbound.default/{each}" for each in message["domains"]}
    assert {"web", "web:80", "web.default.svc.cluster.local:80"} <= set(message["domains"])


def test_a_host_that_others_could_share_is_asked_for_by_itself() -> None:
    wild = service("wild", http(80), hosts=("*.wild.test",))
    found, message = compiled(wild.ports[0], of=wild, authority="a.wild.test:80")
    assert found.host.name == message["name"] == "outbound.default/a.wild.test:80"
    assert message["domains"] == ["a.wild.test:80"]
    assert clusters_of(found) == ["outbound|80||wild.default", "connect"]


def test_an_http_port_is_forwarded_and_looked_into_within_connect() -> None:
    found, message = compiled(WEB.ports[0])
    assert clusters_of(found) == ["outbound|80||web.default", "connect"]
    plain, tunnel = message["routes"]
    assert plain["route"]["cluster"] == "outbound|80||web.default"
    assert plain["route"]["timeout"] == "0s"
    assert tunnel["match"] == {"connect_matcher": {}}
    assert tunnel["route"]["cluster"] == "connect"


def test_the_bytes_of_a_tcp_port_pass_through_connect() -> None:
    found, message = compiled(WEB.ports[1])
    assert clusters_of(found) == ["outbound|5432||web.default"]
    tunnel, plain = message["routes"]
    assert tunnel["route"]["cluster"] == "outbound|5432||web.default"
    assert "speaks tcp" in plain["direct_response"]["body"]["inline_string"]


def test_rules_for_requests_come_before_the_service_itself() -> None:
    mine = routes(rule("r", Forward(backends=(backend("other", port=80),)), prefix("/other")))
    found, message = compiled(WEB.ports[0], ruled(mine, stream(backend("db"))))
    assert clusters_of(found) == ["outbound|80||web.default", "outbound|80||other.default", "connect"]
    assert [each["route"]["cluster"] for each in message["routes"]] == [
        "outbound|80||other.default",
        "outbound|80||web.default",
        "connect",
    ]
    assert found.host.origins == (HERE, HERE, HERE)


def test_the_bytes_of_a_tunnel_are_shared_by_weight() -> None:
    both = stream(backend("web", port=5432, weight=3), backend("other", port=5432), backend("ghost"))
    found, message = compiled(WEB.ports[1], ruled(both))
    assert clusters_of(found) == ["outbound|5432||web.default", "outbound|5432||other.default"]
    assert tunnel_of(message)["weighted_clusters"]["clusters"] == [
        {"name": "outbound|5432||web.default", "weight": 3},
        {"name": "outbound|5432||other.default", "weight": 1},
        {"name": "outbound|0||ghost.default", "weight": 1},
    ]


def test_bytes_may_go_through_another_http_proxy() -> None:
    policy = Policy(tunnel=Tunnel(host="target.example.org", port=4711))
    proxy = replace(WEB, policy=policy)
    _, message = compiled(WEB.ports[1], of=proxy)
    action = tunnel_of(message)
    assert action["cluster"] == "outbound|5432||web.default"
    assert action["host_rewrite_literal"] == "target.example.org:4711"
    assert action["upgrade_configs"] == [{"upgrade_type": "CONNECT"}]


def test_a_tunnel_to_nobody_goes_to_a_cluster_that_is_not_there() -> None:
    found, message = compiled(WEB.ports[1], ruled(stream(backend("other", weight=0))))
    assert tunnel_of(message)["cluster"] == "placeholder"
    assert "placeholder" not in clusters_of(found)


@pytest.mark.parametrize(
    ("authority", "match", "expected"),
    [
        ("a.wild.test:443", {"server_names": ("a.wild.test",)}, "other.default"),
        ("a.wild.test", {"server_names": ("*.wild.test",)}, "other.default"),
        ("b.wild.test:443", {"server_names": ("a.wild.test",)}, "wild.default"),
        ("a.wild.test:443", {"ports": (444,)}, "wild.default"),
        ("a.wild.test:443", {"ports": (443,)}, "other.default"),
    ],
)
def test_the_host_of_a_tunnel_stands_for_the_server_name(authority: str, match: Any, expected: str) -> None:
    wild = service("wild", TLS, hosts=("*.wild.test",))
    rules = ruled(stream(backend("other", port=5432), **match))
    _, message = compiled(TLS, rules, of=wild, authority=authority)
    assert tunnel_of(message)["cluster"].endswith(expected)


def test_who_can_never_be_allowed_gets_a_reason_and_no_cluster_of_the_service() -> None:
    denied = Rules((), (), frozenset((WEB.name,)))
    found, message = compiled(WEB.ports[0], denied)
    assert clusters_of(found) == ["connect"]
    plain, tunnel = message["routes"]
    assert plain["direct_response"]["status"] == 403
    assert tunnel["route"]["cluster"] == "connect"
    refused, message = compiled(WEB.ports[1], denied)
    assert clusters_of(refused) == []
    assert [each["direct_response"]["status"] for each in message["routes"]] == [403, 403]


def test_a_backend_that_may_not_be_called_keeps_its_share_and_has_no_cluster() -> None:
    both = stream(backend("web", port=5432), backend("other", port=5432))
    found, message = compiled(WEB.ports[1], ruled(both, denied=frozenset((OTHER.name,))))
    assert clusters_of(found) == ["outbound|5432||web.default"]
    assert len(tunnel_of(message)["weighted_clusters"]["clusters"]) == 2


def test_requests_can_be_sent_where_tls_is_made_for_the_caller() -> None:
    outside = service("api", TLS, hosts=("api.test",), resolution=Resolution.DNS, is_outside=True)
    making = replace(outside, policy=Policy(tls=ClientTls(mode=TlsMode.SIMPLE)))
    _, bytes_only = compiled(TLS, of=outside)
    found, message = compiled(TLS, of=making)
    assert "speaks tls" in str(bytes_only["routes"])
    assert [each["route"]["cluster"] for each in message["routes"]] == ["outbound|443||api.default", "connect"]
    assert clusters_of(found) == ["outbound|443||api.default", "connect"]
    assert "retriable_headers" not in message["retry_policy"], "strangers cannot have a request sent again"


@pytest.mark.parametrize(
    ("protocol", "tls", "expected"),
    [
        (Protocol.HTTP, None, True),
        (Protocol.GRPC, ClientTls(mode=TlsMode.DISABLE), True),
        (Protocol.TLS, None, False),
        (Protocol.TLS, ClientTls(mode=TlsMode.MESH), False),
        (Protocol.TLS, ClientTls(mode=TlsMode.SIMPLE), True),
        (Protocol.TLS, ClientTls(mode=TlsMode.MUTUAL), True),
        (Protocol.TCP, ClientTls(mode=TlsMode.SIMPLE), False),
    ],
)
def test_what_is_spoken_on_a_port(protocol: Protocol, tls: ClientTls | None, expected: bool) -> None:
    port = Port(name="p", number=443, protocol=protocol)
    assert hosts.speaks_http(port, Treatment(Policy(tls=tls))) is expected


def test_without_a_known_version_only_the_protocol_says_what_is_spoken() -> None:
    assert not hosts.speaks_http(TLS, None)


def host_of_rules(*sets: RouteSet, denied: frozenset[Name] = frozenset()) -> tuple[hosts.Compiled, Json]:
    rules = ruled(*(replace(each, service=None, mesh_hosts=("v.test",)) for each in sets), denied=denied)
    found = hosts.ruled_host(SETTINGS, "v.test:80", "v.test", 80, ME, rules)
    return found, decoded(found.host)


def test_rules_alone_say_where_calls_to_a_host_go_that_no_service_has() -> None:
    found, message = host_of_rules(routes(rule("r", Forward(backends=(backend("other"),)), prefix("/known"))))
    assert (found.host.name, message["domains"]) == ("outbound.default/v.test:80", ["v.test:80"])
    known, rest, tunnel = message["routes"]
    assert known["route"]["cluster"] == "outbound|80||other.default", "the port that was called is meant"
    assert rest["direct_response"]["status"] == 404
    assert 'no rule for "v.test"' in rest["direct_response"]["body"]["inline_string"]
    assert tunnel["route"]["cluster"] == "connect"
    assert clusters_of(found) == ["outbound|80||other.default", "connect"]
    assert "retriable_headers" not in message["retry_policy"]
    assert found.host.origins == (HERE,)


def test_rules_for_connections_take_the_tunnels_of_such_a_host() -> None:
    found, message = host_of_rules(stream(backend("other", port=5432)))
    assert tunnel_of(message)["cluster"] == "outbound|5432||other.default"
    assert clusters_of(found) == ["outbound|5432||other.default", "connect"]
    _, message = host_of_rules(stream())
    assert tunnel_of(message)["cluster"] == "placeholder", "they are closed, and not looked into"


def test_who_may_not_be_called_is_not_called_by_rules_either() -> None:
    rules = routes(rule("r", Forward(backends=(backend("other"),))))
    found, message = host_of_rules(rules, denied=frozenset((OTHER.name,)))
    assert message["routes"][0]["direct_response"]["status"] == 403
    assert clusters_of(found) == ["connect"]


def test_outside_hosts_pass_unless_only_known_ones_may() -> None:
    passed = hosts.outside_host(SETTINGS, "default", "example.org:443", True)
    assert clusters_of(passed) == ["outside"]
    retry = decoded(passed.host)["retry_policy"]
    assert "retriable_headers" not in retry, "strangers cannot have a request sent again"
    assert retry["retry_on"] == "connect-failure,refused-stream,reset-before-request"
    assert [each["route"]["cluster"] for each in decoded(passed.host)["routes"]] == ["outside", "outside"]
    refused = hosts.outside_host(SETTINGS, "default", "example.org", False)
    assert clusters_of(refused) == []
    assert [each["direct_response"]["status"] for each in decoded(refused.host)["routes"]] == [502, 502]


def test_unknown_names_say_why() -> None:
    message = decoded(hosts.unknown_host(SETTINGS, "default", "nope", "it is not there").host)
    assert message["domains"] == ["nope"]
    assert message["routes"][0]["direct_response"]["body"]["inline_string"] == "it is not there\n"


def test_a_pattern_in_a_host_header_never_becomes_one() -> None:
    for authority in ("*", "*.example.org", "x" * 400):
        (domain,) = decoded(hosts.unknown_host(SETTINGS, "default", authority, "no").host)["domains"]
        assert domain.endswith(".invalid")
        assert "*" not in domain


def test_equal_input_gives_the_same_object() -> None:
    assert compiled(WEB.ports[0])[0] is compiled(WEB.ports[0])[0]
    assert hosts.placeholder(SETTINGS, "default") is hosts.placeholder(SETTINGS, "default")


def test_remembered_results_keep_no_service_alive() -> None:
    first, second = service("first", http()), service("second", http())
    for one, other in ((first, second), (second, first)):
        hosts.service_host(one, one.ports[0], ME, "", Rules((), (ref(other),)), SETTINGS)
    watched = ref(first)
    del first, second, one, other
    gc.collect()
    assert watched() is None


def test_services_that_are_gone_are_not_known_any_more() -> None:
    gone = service("gone", http())
    rules = Rules((), (ref(gone), ref(OTHER)))
    assert set(rules.known()) == {gone.name, OTHER.name}
    del gone
    gc.collect()
    assert set(rules.known()) == {OTHER.name}


def test_who_stands_in_has_a_cluster_and_both_have_one_together() -> None:
    web, spare = service("web", http(80)), service("spare", http(81))
    to = Destinations({each.name: each for each in (web, spare)})
    fallback = backend("spare")
    found = hosts.cluster_resources([backend("web", fallbacks=(fallback,)), fallback], to, "td")
    assert [each.name for each in found] == [
        "outbound|80||web.default",
        "outbound|81||spare.default",
        "instead|outbound|80||web.default+outbound|81||spare.default",
    ]
