from __future__ import annotations

import pytest

from tulle.agent.consultant.seen import Refused, Seen, client
from tulle.envoy.edge_replies import UNTYPED
from tulle.model.consulting import BY_ADDRESS, BY_HOST
from tulle.model.steps import ClientAddress, SameClient

THREE = "10.0.0.1, 192.0.2.7 ,10.0.0.3"


def by(depth: int = 0, excluded: tuple[str, ...] = (), bits: int | None = None) -> SameClient:
    return SameClient(address=ClientAddress(depth=depth, excluded=excluded, ipv6_bits=bits))


@pytest.mark.parametrize(
    ("rule", "forwarded", "expected"),
    [
        (BY_ADDRESS, THREE, "127.0.0.1"),
        (by(depth=1), THREE, "10.0.0.3"),
        (by(depth=3), THREE, "10.0.0.1"),
        (by(depth=4), THREE, ""),
        (by(depth=1), "", ""),
        (by(depth=1, excluded=("10.0.0.0/8",)), THREE, "10.0.0.3"),
        (by(excluded=("10.0.0.0/8",)), THREE, "192.0.2.7"),
        (by(excluded=("10.0.0.3",)), THREE, "192.0.2.7"),
        (by(excluded=("10.0.0.0/8",)), "10.0.0.1, nobody, 10.0.0.2,", "nobody"),
        (by(excluded=("0.0.0.0/0", "::/0")), THREE, ""),
        (by(depth=1, bits=64), "2001:db8::1:2:3:4", "2001:db8::"),
        (by(depth=1, bits=64), "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        (by(depth=1, bits=64), "no:address", "no:address"),
        (by(bits=64), "", "127.0.0.1"),
    ],
)
def test_clients_by_their_address(rule: SameClient, forwarded: str, expected: str) -> None:
    assert client(rule, Seen(address="127.0.0.1", headers={"x-forwarded-for": forwarded})) == expected


def test_clients_by_header_and_host() -> None:
    seen = Seen(host="shop.example:8080", headers={"x-key": "7"})
    assert client(SameClient(header="X-Key"), seen) == "7"
    assert client(SameClient(header="X-Other"), seen) == ""
    assert client(BY_HOST, seen) == "shop.example:8080"
    assert Seen().header("x-key") == ""


def test_answers_without_a_type_are_marked() -> None:
    typed = (("content-type", "text/plain"),)
    assert Refused(status=401, headers=typed).marked == typed
    assert Refused(status=429).marked == ((UNTYPED, "yes"),)
