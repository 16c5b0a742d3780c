from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.wasm_plugin import KIND


@pytest.mark.parametrize("url", ["file:///a.wasm", "/a.wasm"])
def test_local_files(url: str) -> None:
    assert only(KIND, {"url": url}).file == "/a.wasm"


@pytest.mark.parametrize("url", ["oci://a/b", "a/b:1", "https://a/b.wasm", "file://b.wasm"])
def test_nothing_is_downloaded(url: str) -> None:
    (message,) = messages(KIND, {"url": url})
    assert message.endswith("fetch it onto the hosts and write file:///absolute/path.wasm")


def test_entries_without_ports_are_for_all() -> None:
    match = [{"mode": "CLIENT", "ports": [{"number": 1}]}, {"mode": "CLIENT"}]
    assert only(KIND, {"url": "/a", "match": match}).ports == ()
