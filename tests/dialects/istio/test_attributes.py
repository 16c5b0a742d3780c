from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.authorization_policy import KIND


@pytest.mark.parametrize(
    "key",
    [
        "request.headers[x-user]",
        "request.auth.claims[a]",
        "request.auth.claims[a][b]",
        "request.auth.audiences",
        "source.serviceAccount",
        "connection.sni",
        "experimental.envoy.filters.network.mysql_proxy[db.table]",
    ],
)
def test_attributes_are_known_by_their_names(key: str) -> None:
    policy = only(KIND, {"rules": [{"when": [{"key": key, "values": ["a"]}]}]})
    assert policy.rules[0].conditions[0].key == key


@pytest.mark.parametrize("path", ["/a", "/a*", "*a", "*", "/{*}", "/a/{**}", "/{*}/{**}/b"])
def test_good_paths(path: str) -> None:
    policy = only(KIND, {"rules": [{"to": [{"operation": {"paths": [path]}}]}]})
    assert policy.rules[0].operations[0].paths.values == (path,)


@pytest.mark.parametrize("block", ["1.2.3", "1.2.3.4/33", "a", "::1/200"])
def test_bad_blocks(block: str) -> None:
    (message,) = messages(KIND, {"rules": [{"from": [{"source": {"notIpBlocks": [block]}}]}]})
    assert "must be an IP address or a block" in message
    assert "notIpBlocks[0]" in message


def test_blocks_are_networks() -> None:
    policy = only(KIND, {"rules": [{"from": [{"source": {"remoteIpBlocks": ["10.1.2.3/8", "::1"]}}]}]})
    assert policy.rules[0].sources[0].remote_ip_blocks.values == ("10.0.0.0/8", "::1/128")
