from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.route.v3.route_components_pb2 import VirtualHost

from tulle.agent.feed import Feed
from tulle.agent.last_good import LastGood
from tulle.xds.replica import Delta
from tulle.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource, encode, framed
from tulle.xds.subscription import Session

Sent = Callable[..., Delta]


@dataclass
class Line:
    """What stands between a feed and its Envoy: as the relay does it."""

    feed: Feed
    demand: list[frozenset[str]] = field(default_factory=list)
    now: float = 0.0

    def opened(self, session: Session) -> None:
        self.feed.envoy_connected(session)

    def closed(self, session: Session) -> None:
        self.feed.envoy_left(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        new = self.feed.envoy_wants(type_url, names, self.now)
        if new:
            self.demand.append(new)

    def settled(self, session: Session) -> None:
        self.feed.envoy_settled()


def cluster(name: str, variant: int = 1) -> Resource:
    message = Cluster(name=name, type=Cluster.EDS, alt_stat_name=str(variant))
    return encode(name, message, endpoints_name=name)


def listener(name: str = "l", variant: int = 1) -> Resource:
    return framed(LISTENER, name, b"listener %d" % variant)


def host(name: str, *aliases: str, variant: int = 1) -> Resource:
    return framed(VIRTUAL_HOST, name, b"host %d" % variant, aliases=aliases)


def test_nothing_is_said_before_the_plane_has_spoken(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.ask(CLUSTER)
    envoy.ask(LISTENER)
    assert envoy.listen() == []

    feed.received(sent(CLUSTER))
    assert [response.type_url for response in envoy.listen()] == [CLUSTER]
    feed.received(sent(LISTENER, listener()))
    envoy.listen()
    assert envoy.bodies(LISTENER) == {"l": b"listener 1"}


def test_the_plane_is_answered_when_envoy_has_answered(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.ask(LISTENER)
    delta = sent(LISTENER, listener())
    feed.received(delta)
    assert feed.verdicts() == []

    envoy.listen()
    (verdict,) = feed.verdicts()
    assert verdict.delta is delta
    assert not verdict.refusals
    assert feed.verdicts() == []
    assert [resource.name for resource in feed.accepted] == ["l"]


def test_what_envoy_does_not_ask_for_is_judged_when_it_can_use_nothing_of_it(
    good: LastGood, played_envoy: Any, sent: Sent
) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.ask(LISTENER)
    feed.received(sent(ENDPOINT))
    assert len(feed.verdicts()) == 1
    feed.received(sent(ROUTE, framed(ROUTE, "r", b"r")))
    assert feed.verdicts() == []
    envoy.ask(ROUTE, "other")
    assert len(feed.verdicts()) == 1


def test_without_an_envoy_nothing_is_judged(good: LastGood, sent: Sent) -> None:
    feed = Feed(good)
    feed.received(sent(LISTENER, listener()))
    feed.envoy_settled()
    assert feed.verdicts() == []
    feed.plane_left()


def test_a_refusal_is_one_line_without_the_dump_of_the_resource(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.refuses = {"listener 1": "bad duration: goo.gle/debugstr    \nseconds: -1\n"}
    envoy.ask(LISTENER)
    feed.received(sent(LISTENER, listener("a")))
    envoy.listen()
    (verdict,) = feed.verdicts()
    assert verdict.refusals == {"a": "a: bad duration: seconds: -1"}
    assert feed.refused == {(LISTENER, "a"): "a: bad duration: seconds: -1"}


def test_a_refused_resource_gives_way_to_the_last_good_one(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.refuses = {"listener 2": "Address already in use"}
    envoy.ask(LISTENER)
    feed.received(sent(LISTENER, listener("a")))
    envoy.listen()
    feed.verdicts()

    feed.received(sent(LISTENER, listener("a", 2), listener("b")))
    envoy.listen()
    (verdict,) = feed.verdicts()
    assert list(verdict.refusals) == ["a"]
    assert "already in use" in verdict.refusals["a"]
    assert "already in use" in feed.refused[LISTENER, "a"]
    assert envoy.bodies(LISTENER) == {"a": b"listener 1", "b": b"listener 1"}

    another = played_envoy(Line(feed))
    another.ask(LISTENER)
    another.listen()
    assert another.bodies(LISTENER) == {"a": b"listener 1", "b": b"listener 1"}


def test_what_the_plane_sends_again_is_tried_again(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.refuses = {"listener 1": "Address already in use"}
    envoy.ask(LISTENER)
    feed.received(sent(LISTENER, listener()))
    envoy.listen()
    assert feed.verdicts()[0].refusals
    assert envoy.bodies(LISTENER) == {}

    envoy.refuses = {}
    feed.received(sent(LISTENER, listener()))
    envoy.listen()
    assert not feed.verdicts()[0].refusals
    assert not feed.refused
    assert envoy.bodies(LISTENER) == {"l": b"listener 1"}


def test_an_envoy_that_starts_anew_gets_the_last_good_state(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    for type_url in (CLUSTER, LISTENER, VIRTUAL_HOST):
        envoy.ask(type_url)
    envoy.ask(ENDPOINT, "c")
    feed.received(sent(CLUSTER, cluster("c")))
    feed.received(sent(ENDPOINT, encode("c", ClusterLoadAssignment(cluster_name="c"))))
    feed.received(sent(LISTENER, listener()))
    feed.received(sent(VIRTUAL_HOST, host("out/web", "out/web.default")))
    envoy.ask(VIRTUAL_HOST, "out/web.default")
    envoy.listen()

    successor = Feed(good)
    successor.restore()
    assert successor.demand == {"out/web.default"}
    fresh = played_envoy(Line(successor))
    for type_url in (CLUSTER, LISTENER, VIRTUAL_HOST):
        fresh.ask(type_url)
    fresh.ask(ENDPOINT, "c")
    fresh.listen()
    assert fresh.bodies(LISTENER) == {"l": b"listener 1"}
    assert fresh.bodies(VIRTUAL_HOST) == {"out/web": b"host 1"}
    assert set(fresh.bodies(ENDPOINT)) == {"c"}

    resumed = played_envoy(Line(successor))
    resumed.has = dict(envoy.has)
    for type_url in (CLUSTER, LISTENER, VIRTUAL_HOST):
        resumed.resume(type_url)
    assert resumed.listen() == []


def test_a_cluster_whose_endpoints_never_came_holds_up_nobody(good: LastGood, played_envoy: Any) -> None:
    good.keep([cluster("c"), listener()])
    feed = Feed(good)
    feed.restore()
    envoy = played_envoy(Line(feed))
    envoy.ask(CLUSTER)
    envoy.ask(ENDPOINT, "c")
    envoy.ask(LISTENER)
    envoy.listen()
    assert ClusterLoadAssignment.FromString(envoy.bodies(ENDPOINT)["c"]).cluster_name == "c"
    assert envoy.bodies(LISTENER) == {"l": b"listener 1"}
    assert {resource.type_url for resource in feed.accepted} == {CLUSTER, LISTENER}


def test_what_is_removed_is_forgotten(good: LastGood, played_envoy: Any, sent: Sent) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.ask(LISTENER)
    feed.received(sent(LISTENER, listener("a"), listener("b")))
    envoy.listen()
    feed.received(sent(LISTENER, removed=("a", "unheard of")))
    envoy.listen()
    assert envoy.bodies(LISTENER) == {"b": b"listener 1"}
    assert [resource.name for resource in good.resources()] == ["b"]


def test_demand_is_told_once_and_remembered(good: LastGood, played_envoy: Any) -> None:
    feed = Feed(good)
    line = Line(feed)
    envoy = played_envoy(line)
    envoy.ask(VIRTUAL_HOST, "out")
    envoy.ask(VIRTUAL_HOST, "out/web")
    envoy.ask(VIRTUAL_HOST, "out/web")
    assert line.demand == [frozenset({"out/web"})]
    assert good.demand() == {"out/web"}
    assert feed.envoy_wants(CLUSTER, frozenset({"c"}), 0.0) == frozenset()


def test_who_waits_too_long_is_answered_with_the_reason_and_later_with_the_host(
    good: LastGood, played_envoy: Any, sent: Sent
) -> None:
    feed = Feed(good)
    line = Line(feed)
    envoy = played_envoy(line)
    envoy.ask(VIRTUAL_HOST, "out")
    envoy.ask(VIRTUAL_HOST, "out/web:80", "out/other")
    feed.stand_in(1.9, 2.0, "away")
    assert envoy.listen() == []
    feed.stand_in(2.0, 2.0, "away")
    feed.stand_in(2.1, 2.0, "away")
    envoy.listen()
    answer = VirtualHost.FromString(envoy.bodies(VIRTUAL_HOST)["out/web:80"])
    assert list(answer.domains) == ["web:80"]
    assert good.resources() == ()

    feed.received(sent(VIRTUAL_HOST, host("out/web.default:80", "out/web:80")))
    envoy.listen()
    assert set(envoy.bodies(VIRTUAL_HOST)) == {"out/web.default:80", "out/other"}
    envoy.ask(VIRTUAL_HOST, "out/web:80")
    feed.stand_in(99.0, 2.0, "away")
    envoy.listen()
    assert set(envoy.bodies(VIRTUAL_HOST)) == {"out/web.default:80", "out/other"}


def test_who_no_longer_asks_is_not_answered(good: LastGood) -> None:
    feed = Feed(good)
    feed.envoy_wants(VIRTUAL_HOST, frozenset({"out/web"}), 0.0)
    feed.envoy_wants(VIRTUAL_HOST, frozenset(), 0.0)
    session = Session(Line(feed))
    feed.envoy_connected(session)
    feed.stand_in(9.0, 2.0, "away")
    assert session.snapshot is not None
    assert not session.snapshot.table(VIRTUAL_HOST)


def test_keys_come_from_this_host(good: LastGood, played_envoy: Any) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    envoy.ask(SECRET, "workload", "other")
    feed.keys({"workload": framed(SECRET, "workload", b"1")})
    envoy.listen()
    assert envoy.bodies(SECRET) == {"workload": b"1"}
    feed.keys({"workload": framed(SECRET, "workload", b"2")})
    envoy.listen()
    assert envoy.bodies(SECRET) == {"workload": b"2"}
    assert good.resources() == ()


def test_a_stream_that_was_replaced_ends_unnoticed(good: LastGood) -> None:
    feed = Feed(good)
    old, new = Session(Line(feed)), Session(Line(feed))
    feed.envoy_connected(old)
    feed.envoy_connected(new)
    feed.envoy_left(old)
    assert feed.session is new
    feed.envoy_left(new)
    assert feed.session is None


def test_secrets_of_the_mesh_stand_beside_those_of_the_host_which_nobody_else_can_give(
    good: LastGood, played_envoy: Any, sent: Sent, caplog: Any
) -> None:
    feed = Feed(good)
    envoy = played_envoy(Line(feed))
    own, forged = framed(SECRET, "workload", b"own"), framed(SECRET, "workload", b"forged")
    of_mesh = framed(SECRET, "secret|a/b", b"mesh 1")
    feed.received(sent(SECRET, forged, of_mesh))
    envoy.ask(SECRET, "workload", "secret|a/b")
    envoy.listen()
    assert envoy.bodies(SECRET) == {"secret|a/b": b"mesh 1"}
    assert "this host's own" in caplog.text

    feed.keys({"workload": own})
    envoy.listen()
    assert envoy.bodies(SECRET) == {"workload": b"own", "secret|a/b": b"mesh 1"}
    feed.received(sent(SECRET, framed(SECRET, "secret|a/b", b"mesh 2"), removed=("workload",)))
    envoy.listen()
    assert envoy.bodies(SECRET) == {"workload": b"own", "secret|a/b": b"mesh 2"}
    assert [verdict.refusals for verdict in feed.verdicts()] == [{}, {}]

    again = Feed(good)
    again.restore()
    assert [(each.name, each.body) for each in again.accepted] == [("secret|a/b", b"mesh 2")]
    feed.keys({})
    envoy.listen()
    assert envoy.bodies(SECRET) == {"secret|a/b": b"mesh 2"}
