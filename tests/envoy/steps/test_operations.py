from __future__ import annotations

import pytest

from tulle.envoy.steps.operations import client, is_possible, parts, ranges
from tulle.envoy.steps.parts import Native, Work
from tulle.model import steps
from tulle.model.steps import ClientAddress


def work(step: steps.Step) -> Work:
    (found,) = parts(step, "n")
    assert isinstance(found, Work)
    return found


def test_redirects() -> None:
    usual = steps.RedirectScheme(scheme="https", port="443", is_permanent=True)
    assert work(usual).request == ({"op": "to_scheme", "scheme": "https", "port": "", "permanent": True},)
    assert work(steps.RedirectScheme(scheme="https", port="8443")).request[0]["port"] == ":8443"
    before, native, after = parts(steps.RedirectPattern(pattern="a", replacement="b"), "n")
    assert isinstance(before, Work) and isinstance(native, Native) and isinstance(after, Work)
    assert (before.request[0]["op"], after.request[0]["op"]) == ("write_url", "to_url")


def test_headers() -> None:
    found = work(steps.SetHeaders(request=(("X-A", "1"),), answer=(("X-B", ""),), secure_answer=(("X-C", "c"),)))
    assert [each["op"] for each in found.request] == ["set", "note_secure"]
    assert [(each["op"], each["name"]) for each in found.answer] == [("set", "x-b"), ("set_secure", "x-c")]


def test_origins() -> None:
    plain = work(steps.ShareOrigins(origins=("a",), max_age=5))
    assert plain.request == plain.answer
    assert plain.request[0]["max_age"] == "5"
    _, native, after = parts(steps.ShareOrigins(patterns=("a", "b")), "n")
    assert isinstance(native, Native) and isinstance(after, Work)
    assert after.request[0]["found"] == "n-origin"


def test_hosts_and_characters() -> None:
    assert work(steps.RefuseHosts(hosts=("a",), proxy_headers=("X-Host",))).request[0]["headers"] == ["x-host"]
    assert work(steps.RefuseEscapes(escapes=("%2f",))).request[0]["texts"] == ["%2f"]


def test_addresses() -> None:
    found = work(steps.AllowAddresses(ranges=("10.0.0.0/8",))).request[0]
    assert (found["status"], found["body"], found["by"]) == (403, "Forbidden", {"kind": "peer"})
    assert ranges(["10.0.0.0/8"]) == [{"bytes": [10, 0, 0, 0], "bits": 8}]
    assert client(ClientAddress(depth=2)) == {"kind": "depth", "depth": 2}
    assert client(ClientAddress(excluded=("10.0.0.1/32",)))["kind"] == "excluded"


def test_what_is_not_possible() -> None:
    assert is_possible(steps.AddPrefix(prefix="/a"))
    assert not is_possible(steps.LimitConnections(amount=1))
    with pytest.raises(ValueError, match="LimitConnections cannot be done"):
        parts(steps.LimitConnections(amount=1), "n")
