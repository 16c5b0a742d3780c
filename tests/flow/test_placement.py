from __future__ import annotations

import pytest

from tulle.flow.placement import Occupied, conflicts, family, moved, socket_of
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener, ListenerHost, ListenerProtocol
from tulle.model.names import Name

HTTP, HTTPS, TLS, TCP, UDP = (
    ListenerProtocol.HTTP,
    ListenerProtocol.HTTPS,
    ListenerProtocol.TLS,
    ListenerProtocol.TCP,
    ListenerProtocol.UDP,
)


def listener(
    name: str,
    host: str = "*",
    protocol: ListenerProtocol = HTTP,
    port: int = 80,
    address: str = "127.0.0.1",
    gateway: Name | None = None,
) -> Listener:
    return Listener(
        name=Name("shop", name),
        origin=BUILT_IN,
        port=port,
        address=address,
        protocol=protocol,
        hosts=(ListenerHost(host=host),),
        gateway=gateway,
    )


def test_families_and_sockets() -> None:
    assert [family(each) for each in (HTTP, HTTPS, TLS, TCP, UDP)] == ["http", "tls", "tls", "tcp", "udp"]
    assert socket_of(listener("a", protocol=UDP)) == (True, 80) and socket_of(listener("a")) == (False, 80)


@pytest.mark.parametrize(
    ("listeners", "expected"),
    [
        ((listener("a"), listener("b", "a.b")), {}),
        ((listener("a"), listener("b")), {"a": "HostnameConflict", "b": "HostnameConflict"}),
        ((listener("a"), listener("b", protocol=UDP)), {}),
        ((listener("a"), listener("b", protocol=TCP)), {"a": "ProtocolConflict", "b": "ProtocolConflict"}),
        ((listener("a", protocol=TCP), listener("b", protocol=TCP)), dict.fromkeys("ab", "ProtocolConflict")),
        ((listener("a", protocol=HTTPS), listener("b", protocol=TLS)), dict.fromkeys("ab", "ProtocolConflict")),
        ((listener("a", "x.y", protocol=HTTPS), listener("b", protocol=TLS)), {}),
        ((listener("a", protocol=TCP),), {}),
    ],
)
def test_listeners_that_cannot_be_told_apart(listeners: tuple[Listener, ...], expected: dict[str, str]) -> None:
    assert {each.name.name: reason for each, reason in conflicts(listeners)} == expected


@pytest.mark.parametrize(
    ("there", "new", "reason"),
    [
        (listener("a"), listener("b"), "HostnameConflict"),
        (listener("a"), listener("b", "a.b"), ""),
        (listener("a"), listener("b", port=81), ""),
        (listener("a"), listener("b", protocol=HTTPS), "ProtocolConflict"),
        (listener("a", protocol=TCP), listener("b", protocol=TCP), "ProtocolConflict"),
        (listener("a", address="0.0.0.0"), listener("b"), "HostnameConflict"),
        (listener("a", address="0.0.0.0"), listener("b", "a.b"), ""),
        (listener("a"), listener("b", address="0.0.0.0"), "HostnameConflict"),
        (listener("a"), listener("b", address="127.0.0.2"), ""),
    ],
)
def test_what_is_taken(there: Listener, new: Listener, reason: str) -> None:
    occupied = Occupied()
    occupied.take(there)
    assert occupied.conflict(new, new.address) == reason


def test_a_native_listener_with_policies_of_its_own_shares_its_socket_with_nobody_else() -> None:
    there, new = listener("a"), listener("b", "a.b")
    for guarded, reason in (((), ""), ((there.name,), "ProtocolConflict")):
        occupied = Occupied(guarded={each: each for each in guarded})
        occupied.take(there)
        assert occupied.conflict(new, new.address) == reason


def test_the_next_address_with_room() -> None:
    occupied = Occupied()
    for expected in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        group = [listener("a"), listener("b", port=81)]
        assert occupied.room(group) == expected
        for each in group:
            occupied.take(moved(each, expected))
    assert occupied.room([listener("c", port=82)]) == "127.0.0.1"
    assert occupied.room([listener("c", "a.b")]) == "127.0.0.1"
    assert occupied.room([]) == "127.0.0.1"


def test_there_is_no_room_beside_somebody_who_is_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    occupied = Occupied()
    occupied.take(listener("a", address="0.0.0.0"))
    assert occupied.room([listener("b")]) is None and occupied.room([listener("b", "a.b")]) == "127.0.0.1"
    monkeypatch.setattr("tulle.flow.placement.LAST", 0)
    assert occupied.room([listener("b", port=81)]) is None


def test_moved_listeners_are_the_same_again() -> None:
    given = listener("a")
    there = moved(given, "127.0.0.2")
    assert there is moved(given, "127.0.0.2") and there.address == "127.0.0.2" and there.name == given.name
    assert moved(given, "127.0.0.2", "@x").name.name == "a@x"


def test_only_gateways_that_enforce_the_same_share_a_socket() -> None:
    a, b, c, d = (Name("default", each) for each in "abcd")
    occupied = Occupied({d: a}, {a: a, b: a, c: c})
    there = {each: listener(each.name, f"{each.name}.test", gateway=each) for each in (a, b, c, d)}
    plain = listener("plain", "plain.test")
    occupied.take(there[a])
    assert occupied.conflict(there[b], "127.0.0.1") == occupied.conflict(there[d], "127.0.0.1") == ""
    assert occupied.conflict(there[c], "127.0.0.1") == occupied.conflict(plain, "127.0.0.1") == "ProtocolConflict"
    assert [occupied.room([each]) for each in (there[b], there[c], plain)] == ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
