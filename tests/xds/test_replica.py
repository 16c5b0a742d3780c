from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from tulle.xds.messages import WILDCARD, Node, Request, frame_response, parse_request
from tulle.xds.replica import Delta, Replica
from tulle.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, Resource, Snapshot, framed
from tulle.xds.subscription import Session

NODE = Node("proxy", "shop", {"role": "sidecar"})


def load(name: str, variant: int = 1) -> Resource:
    return framed(ENDPOINT, name, b"%d" % variant)


def asked(replica: Replica) -> list[Request]:
    requests = []
    while (data := replica.next_request()) is not None:
        requests.append(parse_request(data))
    return requests


def told(replica: Replica, nonce: str, *resources: Resource, removed: tuple[str, ...] = ()) -> Delta:
    return replica.receive(frame_response(ENDPOINT, nonce, resources, removed))


def following(*names: str) -> Replica:
    replica = Replica(NODE)
    replica.subscribe(ENDPOINT, names)
    replica.connected()
    asked(replica)
    return replica


def test_a_stream_starts_with_the_demand_and_says_who_we_are_once() -> None:
    replica = Replica(NODE, wildcard=(CLUSTER, LISTENER, VIRTUAL_HOST, "types.example/Other"))
    replica.subscribe(VIRTUAL_HOST, ("r/catalogue",))
    replica.subscribe(ROUTE, ("r",))
    assert not replica.is_connected
    assert asked(replica) == []

    replica.connected()

    assert replica.is_connected
    assert asked(replica) == [
        Request(VIRTUAL_HOST, NODE, (WILDCARD, "r/catalogue")),
        Request(CLUSTER, subscribe=(WILDCARD,)),
        Request(LISTENER, subscribe=(WILDCARD,)),
        Request(ROUTE, subscribe=("r",)),
        Request("types.example/Other", subscribe=(WILDCARD,)),
    ]


def test_a_response_is_applied_and_answered_when_the_owner_says_so() -> None:
    replica = following("a", "b")

    delta = told(replica, "1", load("a"), load("b"))

    assert {name: resource.version for name, resource in replica.table(ENDPOINT).items()} == {
        "a": load("a").version,
        "b": load("b").version,
    }
    assert asked(replica) == []
    assert replica.unanswered == (delta,)
    replica.ack(delta)
    assert asked(replica) == [Request(ENDPOINT, nonce="1")]
    replica.ack(delta)
    assert asked(replica) == []


def test_removed_resources_go_and_what_was_there_is_remembered() -> None:
    replica = following("a", "b")
    replica.ack(told(replica, "1", load("a"), load("b")))
    kept = replica.snapshot()

    delta = told(replica, "2", load("b", 2), removed=("a", "unknown"))

    assert delta.names == ("b", "a", "unknown")
    assert delta.before.keys() == {"a", "b"}
    assert replica.table(ENDPOINT).keys() == {"b"}
    assert kept.table(ENDPOINT).keys() == {"a", "b"}


def test_refused_resources_go_back_to_what_they_were() -> None:
    replica = following("a", "b", "c")
    replica.ack(told(replica, "1", load("a")))
    asked(replica)

    delta = told(replica, "2", load("a", 2), load("b", 2), load("c", 2))
    replica.nack(delta, {"a": "too large", "b": "too small"})

    assert {name: resource.body for name, resource in replica.table(ENDPOINT).items()} == {"a": b"1", "c": b"2"}
    refusals = {"a": "too large", "b": "too small"}
    assert asked(replica) == [Request(ENDPOINT, nonce="2", error="a: too large; b: too small", refusals=refusals)]
    replica.nack(delta, {"c": "late"})
    assert replica.table(ENDPOINT).keys() == {"a", "c"}


def test_what_is_no_longer_wanted_is_dropped() -> None:
    replica = following("a", "b")
    told(replica, "1", load("a"), load("b"))

    replica.subscribe(ENDPOINT, ("b", "c"))
    replica.subscribe(ENDPOINT, ("c", "b"))

    assert asked(replica) == [Request(ENDPOINT, None, ("c",), ("a",))]
    assert replica.table(ENDPOINT).keys() == {"b"}
    assert replica.subscriptions == {ENDPOINT: frozenset({"b", "c"})}


def test_what_was_under_way_when_it_was_unsubscribed_is_not_taken() -> None:
    replica = following("a", "b")
    replica.subscribe(ENDPOINT, ("b",))

    delta = told(replica, "1", load("a"), load("b"))

    assert delta.changed.keys() == replica.table(ENDPOINT).keys() == {"b"}


def test_a_name_can_be_asked_for_once_more() -> None:
    replica = following("a")

    replica.again(ENDPOINT, ("a", "unknown"))
    replica.again(ROUTE, ("r",))

    assert asked(replica) == [Request(ENDPOINT, subscribe=("a",))]
    replica.disconnected()
    replica.again(ENDPOINT, ("a",))
    assert asked(replica) == []


def test_a_new_stream_says_what_we_have_and_doubts_what_was_never_answered() -> None:
    replica = following("a", "b")
    replica.ack(told(replica, "1", load("a")))
    unanswered = told(replica, "2", load("b"))
    replica.disconnected()

    replica.connected()
    replica.ack(unanswered)

    have = {"a": load("a").version, "b": ""}
    assert asked(replica) == [Request(ENDPOINT, NODE, ("a", "b"), initial_versions=have)]
    replica.ack(told(replica, "1", load("b")))
    asked(replica)
    replica.connected()
    assert asked(replica)[0].initial_versions == {"a": load("a").version, "b": load("b").version}


def test_of_a_wildcard_type_everything_is_taken() -> None:
    replica = Replica(NODE, wildcard=(ENDPOINT,))
    replica.connected()

    told(replica, "1", load("whatever"))

    assert replica.table(ENDPOINT).keys() == {"whatever"}


def test_a_replica_starts_with_what_an_earlier_one_had() -> None:
    replica = Replica(NODE)
    replica.restore((load("a"),))
    replica.subscribe(ENDPOINT, ("a",))

    replica.connected()

    assert asked(replica) == [Request(ENDPOINT, NODE, ("a",), initial_versions={"a": load("a").version})]


class Silent:
    """A provider that leaves publishing to the test."""

    def opened(self, session: Session) -> None:
        pass

    def closed(self, session: Session) -> None:
        pass

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        pass

    def settled(self, session: Session) -> None:
        pass


steps = st.lists(
    st.tuples(
        st.sampled_from(("publish", "want", "serve", "read", "ack", "nack", "reconnect")),
        st.lists(st.integers(0, 3), min_size=3, max_size=3),
    ),
    max_size=60,
)


@given(steps)
@settings(max_examples=200, deadline=None)
def test_a_replica_comes_to_have_what_is_published_and_wanted_whatever_happens(
    script: list[tuple[str, list[int]]],
) -> None:
    replica, session = Replica(NODE), Session(Silent())
    replica.subscribe(ENDPOINT, ())
    replica.connected()
    snapshot, wire = Snapshot(), deque[bytes]()

    def serve() -> None:
        while (request := replica.next_request()) is not None:
            session.receive(request)
        if session.is_resuming:
            session.resumed()
        while (response := session.next_response()) is not None:
            wire.append(response)

    for action, numbers in script:
        if action == "publish":
            names = {f"{index}": load(f"{index}", variant) for index, variant in enumerate(numbers) if variant}
            snapshot = Snapshot({ENDPOINT: names})
            session.publish(snapshot)
        elif action == "want":
            replica.subscribe(ENDPOINT, [f"{index}" for index, variant in enumerate(numbers) if variant])
        elif action == "serve":
            serve()
        elif action == "read" and wire:
            replica.receive(wire.popleft())
        elif action == "ack":
            for delta in replica.unanswered:
                replica.ack(delta)
        elif action == "nack":
            for delta in replica.unanswered:
                replica.nack(delta, dict.fromkeys(list(delta.changed)[:1], "no"))
        elif action == "reconnect":
            session = Session(Silent())
            session.publish(snapshot)
            wire.clear()
            replica.connected()

    session.publish(snapshot)
    for _ in range(20):
        serve()
        while wire:
            replica.ack(replica.receive(wire.popleft()))
        for delta in replica.unanswered:
            replica.ack(delta)
    refused = {name for _, name in session.refused}
    wanted = replica.subscriptions[ENDPOINT] - refused
    expected = {name: r.version for name, r in snapshot.table(ENDPOINT).items() if name in wanted}
    has = {name: r.version for name, r in replica.table(ENDPOINT).items() if name not in refused}
    assert has == expected
