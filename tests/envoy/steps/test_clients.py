from __future__ import annotations

from tulle.envoy.steps.clients import client, ranges
from tulle.model.steps import ClientAddress


def test_ranges_are_bytes_and_bits() -> None:
    assert ranges(("10.0.0.0/8", "::1", "::ffff:10.0.0.0/104", "10.0.0.7/8")) == [
        {"bytes": [10, 0, 0, 0], "bits": 8},
        {"bytes": [*[0] * 15, 1], "bits": 128},
        {"bytes": [10, 0, 0, 0], "bits": 8},
        {"bytes": [10, 0, 0, 0], "bits": 8},
    ]


def test_clients_are_found_by_their_connection_or_what_proxies_say() -> None:
    assert client(ClientAddress()) == {"kind": "peer"}
    assert client(ClientAddress(depth=2)) == {"kind": "depth", "depth": 2}
    found = client(ClientAddress(excluded=("10.0.0.0/8",), ipv6_bits=64))
    assert found == {"kind": "excluded", "excluded": ranges(("10.0.0.0/8",)), "ipv6": 64}
