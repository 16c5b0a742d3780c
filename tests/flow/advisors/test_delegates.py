from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"

INNER = "{http: [{match: [{uri: {prefix: /a/b}}], directResponse: {status: 200}}]}"


def test_a_delegate_is_used_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    (finding,) = desk.put("inner.yaml", written("VirtualService", "inner", INNER))
    assert "nobody delegates to it" in finding
    outer = "{hosts: [web], http: [{match: [{uri: {prefix: /a}}], delegate: {name: inner}}, {redirect: {uri: /}}]}"
    assert not desk.put("outer.yaml", written("VirtualService", "outer", outer))
    (finding,) = desk.put("outer.yaml", written("VirtualService", "outer", outer.replace("/a", "/c")))
    assert finding.startswith(
        "inner.yaml:4: warning: VirtualService inner: this rule is not used by VirtualService outer"
    )
    assert not desk.put("inner.yaml", "")
    assert not desk.put("outer.yaml", "")


def test_of_two_delegates_of_one_name_the_later_goes_without_a_trace() -> None:
    desk = Desk()
    desk.put("a.yaml", written("VirtualService", "inner", INNER))
    before = desk.put("b.yaml", "")
    desk.put("a.yaml", written("VirtualService", "inner", INNER.replace("/a/b", "/c")))
    assert desk.update() == before
