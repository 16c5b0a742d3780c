from __future__ import annotations

import json
from pathlib import Path

import pytest

from tulle.xds import channel as channel_module
from tulle.xds.channel import Channel, Refusal, mentions
from tulle.xds.snapshot import CLUSTER, ENDPOINT, EXTENSION, LISTENER, VIRTUAL_HOST, Resource, framed

REFUSALS = json.loads((Path(__file__).parent / "envoy_refusals.json").read_text())
"""What Envoy 1.40 really answered: type, names of the response, the guilty one, message, its heart."""


def table(type_url: str, *names: str, variant: int = 1) -> dict[str, Resource]:
    return {name: framed(type_url, name, b"%d" % variant) for name in names}


def holding(type_url: str, *names: str) -> Channel:
    """A channel whose client has all of these."""
    channel = Channel(type_url)
    channel.table = table(type_url, *names)
    channel.open(("*",), {})
    take(channel)
    channel.accept()
    return channel


def take(channel: Channel, nonce: str = "1") -> list[str]:
    flight = channel.take(nonce, with_changes=True, with_removals=True)
    return [] if flight is None else list(flight.sent)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case["about"])
def test_the_guilty_resource_of_a_real_refusal_is_found(case: dict[str, str | list[str]]) -> None:
    names, guilty, message = case["names"], str(case["guilty"]), str(case["message"])
    channel = Channel(str(case["type"]))
    channel.table = table(channel.type_url, *names)
    channel.open(("*",), {})

    for _ in range(20):
        sent = take(channel)
        if not sent:
            break
        if guilty in sent:
            channel.reject(message, {})
        else:
            channel.accept()

    assert channel.refused.keys() == {guilty}
    assert channel.refused[guilty].reason == case["reason"]
    assert channel.held.keys() == set(names) - {guilty}


@pytest.mark.parametrize(
    ("message", "is_mentioned"),
    [
        ("Error adding/updating cluster(s) outbound|80||a.b: no", True),
        ('name: "outbound|80||a.b"', True),
        ("see outbound|80||a.b.", True),
        ("outbound|80||a.b.c", False),
        ("outbound|80||a.bc", False),
        ("xoutbound|80||a.b", False),
        ("outbound|80||a.b:8000", False),
        ("nothing", False),
    ],
)
def test_a_name_is_found_only_as_a_whole(message: str, is_mentioned: bool) -> None:
    assert mentions(message, "outbound|80||a.b") is is_mentioned


def test_a_large_set_goes_out_in_several_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "RESPONSE_LIMIT", 500)
    channel = Channel(CLUSTER)
    channel.table = {name: framed(CLUSTER, name, bytes(100)) for name in "abcd"} | {
        "big": framed(CLUSTER, "big", bytes(999))
    }
    channel.open((), {})

    sent = []
    while names := take(channel):
        sent.append(names)
        channel.accept()

    assert sent == [["a", "b"], ["c", "d"], ["big"]]
    assert channel.is_synced


def test_a_refused_listener_is_tried_again_when_another_made_room() -> None:
    channel = holding(LISTENER, "a")
    channel.table = {**channel.table, **table(LISTENER, "b")}
    channel.mark("b")
    take(channel)
    channel.reject("the address is taken", {})
    assert channel.refused == {"b": Refusal(channel.table["b"].version, "the address is taken")}

    channel.table = {**channel.table, **table(LISTENER, "a", variant=2)}
    channel.mark("a")
    assert take(channel) == ["a"]
    channel.accept()

    assert take(channel) == ["b"]
    channel.accept()
    assert channel.is_synced


def test_a_refused_listener_is_not_tried_again_when_another_is_merely_added() -> None:
    channel = holding(LISTENER, "a")
    channel.table = {**channel.table, **table(LISTENER, "b", "c")}
    channel.mark("b")
    take(channel)
    channel.reject("no", {})

    channel.mark("c")
    take(channel)
    channel.accept()

    assert channel.is_settled
    assert channel.refused.keys() == {"b"}


def test_a_refused_removal_is_not_said_again() -> None:
    channel = holding(CLUSTER, "a")
    channel.table = {}
    channel.mark("a")
    take(channel)

    channel.reject("no", {})

    assert channel.is_synced
    assert channel.held == {}


def test_a_refused_resource_that_is_taken_back_is_forgotten() -> None:
    channel = holding(CLUSTER, "a")
    channel.table = {**channel.table, **table(CLUSTER, "b")}
    channel.mark("b")
    take(channel)
    channel.reject("no", {})

    channel.table = table(CLUSTER, "a")
    channel.mark("b")

    assert channel.is_synced


def test_suspects_that_are_taken_back_are_not_tried() -> None:
    channel = Channel(CLUSTER)
    channel.table = table(CLUSTER, "a", "b", "c", "d")
    channel.open((), {})
    take(channel)
    channel.reject("something is wrong", {})

    channel.table = table(CLUSTER, "c", "d")
    for name in "ab":
        channel.mark(name)

    assert take(channel) == ["c", "d"]


def test_what_is_in_flight_counts_as_what_the_client_will_have() -> None:
    channel = holding(CLUSTER, "a", "b")
    channel.table = table(CLUSTER, "a", variant=2)
    channel.mark("a")
    channel.mark("b")
    take(channel)

    channel.table = table(CLUSTER, "a", "b")
    channel.mark("a")
    channel.mark("b")

    assert list(channel.changes) == ["a", "b"]


def test_everything_is_looked_at_anew_while_something_is_in_flight() -> None:
    channel = Channel(ENDPOINT)
    channel.table = table(ENDPOINT, "a", "b")
    channel.open(("a",), {})
    take(channel)

    channel.subscribe(("*",))

    assert list(channel.changes) == ["b"]


def test_a_name_that_is_no_longer_wanted_is_forgotten() -> None:
    channel = Channel(ENDPOINT)
    channel.table = table(ENDPOINT, "a", "b")
    channel.open(("a", "b"), {})
    take(channel)

    channel.unsubscribe(("a", "unknown"))
    channel.accept()

    assert channel.held.keys() == {"b"}
    assert channel.is_synced


def test_a_wildcard_can_be_given_up() -> None:
    channel = holding(CLUSTER, "a", "b")
    channel.subscribe(("a",))
    take(channel)
    channel.accept()

    channel.unsubscribe(("*",))

    assert channel.held.keys() == {"a"}
    assert channel.is_synced


def test_a_name_under_a_wildcard_can_be_given_up() -> None:
    channel = holding(VIRTUAL_HOST, "r/a")
    channel.subscribe(("r/a",))
    take(channel)
    channel.accept()

    channel.unsubscribe(("r/a",))

    assert channel.held.keys() == {"r/a"}


def test_what_a_client_asks_for_by_name_is_not_taken_from_filters_that_it_uses() -> None:
    channel = Channel(EXTENSION)
    channel.table = table(EXTENSION, "a")
    channel.open(("a",), {})
    take(channel)
    channel.accept()
    channel.table = {}
    channel.mark("a")
    assert channel.is_synced
    assert channel.held.keys() == {"a"}
    channel.table = table(EXTENSION, "a", variant=2)
    channel.mark("a")
    assert take(channel) == ["a"]
    channel.accept()
    channel.unsubscribe(("a",))
    assert channel.held == {}


def test_a_client_of_all_filters_is_told_which_are_gone() -> None:
    channel = holding(EXTENSION, "a")
    channel.table = {}
    channel.mark("a")
    assert list(channel.removals) == ["a"]
