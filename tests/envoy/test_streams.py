from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE, backend, http, service
from tulle.envoy import streams
from tulle.envoy.actions import Destinations
from tulle.envoy.streams import Handling, Stream, Vantage
from tulle.model.names import Name
from tulle.model.policies import Balance, ConnectionPool, HashOn, LoadBalancing, Policy, Tunnel
from tulle.model.routes import Backend, RouteSet, Source, StreamMatch, StreamRule
from tulle.model.services import Port, Protocol, Subset

TCP = Port(name="tcp", number=7, protocol=Protocol.TCP)
DB = service("db", TCP)


def destinations(*services: Any) -> Destinations:
    return Destinations({each.name: each for each in services})


def rules(*matches: StreamMatch, to: tuple[Backend, ...] = (backend("db"),), **more: Any) -> RouteSet:
    stream = StreamRule(name="r", origin=HERE, matches=matches or (StreamMatch(),), backends=to)
    return RouteSet(name=Name("default", "r"), origin=HERE, streams=(stream,), **more)


@pytest.mark.parametrize(
    ("match", "vantage", "expected"),
    [
        (StreamMatch(), Vantage(), True),
        (StreamMatch(ports=(80,)), Vantage(ports=(80, 8080)), True),
        (StreamMatch(ports=(81,)), Vantage(ports=(80, 8080)), False),
        (StreamMatch(gateways=(Name("a", "g"),)), Vantage(gateway=Name("a", "g")), True),
        (StreamMatch(gateways=(Name("a", "g"),)), Vantage(), False),
        (StreamMatch(source=Source()), Vantage(), False),
        (StreamMatch(source=Source(namespace="a")), Vantage(namespace="b"), False),
        (StreamMatch(source=Source(labels=(("x", "y"),))), Vantage(namespace="b"), False),
        (StreamMatch(source=Source(labels=(("x", "y"),))), Vantage(namespace="b", labels=(("x", "y"),)), True),
    ],
)
def test_conditions_on_where_and_who_are_decided_before(match: StreamMatch, vantage: Vantage, expected: bool) -> None:
    assert bool(streams.compile_streams([rules(match)], vantage, destinations(DB))) is expected


def test_hosts_of_rules_are_server_names_only_at_a_gateway() -> None:
    match = StreamMatch(server_names=("A.b",), subnets=("10.0.0.0/8",))
    (stream,) = streams.compile_streams([rules(match, hosts=("C.d",))], Vantage(), destinations(DB))
    assert stream == Stream(
        shares=(("outbound|7||db.default", 1),), server_names=("a.b",), hosts=("c.d",), subnets=("10.0.0.0/8",)
    )
    for more in ({"service": DB.name}, {"mesh_hosts": ("c.d",)}):
        (stream,) = streams.compile_streams([rules(hosts=("c.d",), **more)], Vantage(), destinations(DB))
        assert stream.hosts == ()


def test_what_does_not_exist_keeps_its_share_and_what_is_idle_has_none() -> None:
    to = (backend("db", weight=2), backend("ghost"), backend("db", problem="no such kind"), backend("db", weight=0))
    stream = streams.passed_on(to, destinations(DB))
    assert stream.shares == (("outbound|7||db.default", 2), ("outbound|0||ghost.default", 1), ("placeholder", 1))


def test_the_policy_of_a_service_says_how_bytes_are_passed_on() -> None:
    hashing = LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(source_ip=True))
    slow = Policy(pool=ConnectionPool(tcp_idle_timeout=60), load_balancing=hashing)
    subsets = (Subset(name="v1", labels=(), policy=slow), Subset(name="v2", labels=()))
    tunnelled = service("far", TCP, policy=Policy(tunnel=Tunnel(host="x.example", port=443)), subsets=subsets)
    to = destinations(tunnelled)
    assert streams.passed_on([backend("far", subset="v1")], to).handling == Handling(
        idle_timeout=60, hashes_source=True
    )
    for subset in ("v2", None):
        handling = streams.passed_on([backend("far", subset=subset)], to).handling
        assert handling.tunnel == Tunnel(host="x.example", port=443)


def test_connections_are_shared_or_closed() -> None:
    def proxy(*shares: tuple[str, int], handling: Handling = streams.USUAL) -> Any:
        return as_json(streams.filters_of("x", Stream(shares=shares, handling=handling))[-1])["typed_config"]

    assert proxy()["cluster"] == "placeholder"
    assert proxy(("a", 3))["cluster"] == "a"
    assert proxy(("a", 1), ("b", 3))["weighted_clusters"]["clusters"][1] == {"name": "b", "weight": 3}
    assert proxy()["idle_timeout"] == "0s"
    tunnel = Tunnel(host="fd00::1", port=1, uses_post=True)
    full = proxy(handling=Handling(idle_timeout=5, max_duration=60, tunnel=tunnel, hashes_source=True))
    assert (full["idle_timeout"], full["max_downstream_connection_duration"]) == ("5s", "60s")
    assert full["tunneling_config"] == {"hostname": "[fd00::1]:1", "use_post": True}
    assert full["hash_policy"] == [{"source_ip": {}}]


def test_sidecars_that_read_http_are_not_told_which() -> None:
    outside = service("far", http(80), is_outside=True)
    to = destinations(service("web", http(80)), DB, outside)
    web, both = streams.passed_on([backend("web")], to), streams.passed_on([backend("db"), backend("web")], to)
    rules_ = streams.compile_streams([rules(to=(backend("web"),))], Vantage(), to)
    assert web.is_read and both.is_read and rules_[0].is_read
    assert not streams.passed_on([backend("db"), backend("ghost"), backend("far")], to).is_read
    unspoken, proxy = (as_json(each) for each in streams.filters_of("x", web))
    (value,) = unspoken["typed_config"]["on_new_connection"]
    assert value["object_key"] == "envoy.network.application_protocols"
    assert proxy["name"] == "tcp"
    tunnelled = replace(web, handling=Handling(tunnel=Tunnel(host="x.example", port=443)))
    assert len(streams.filters_of("x", tunnelled)) == 1
