from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import only, read, wrong
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.names import Name
from tulle.model.routers import Blend, Reference, Router

INTERNAL_API, INTERNAL_PING = Name("@internal", "api"), Name("@internal", "ping")


def routers(objects: list[Any]) -> dict[str, Router]:
    return {each.name.name: each for each in objects if isinstance(each, Router)}


def test_interfaces_that_are_open_have_routers() -> None:
    objects, findings = read("api: {insecure: true, basePath: /base}\nping: {}\n")
    assert findings == []
    found = routers(objects)
    assert sorted(found) == ["api", "dashboard", "ping"]
    assert found["api"].alternatives == ((Condition(Subject.PATH, Comparison.PREFIX, "/base/api"),),)
    assert found["ping"].entry_points == (Reference(Name("@static", "traefik")),)
    assert found["ping"].priority > found["api"].priority > found["dashboard"].priority
    assert found["ping"].service == Reference(Name("@internal", "ping"))


def test_interfaces_that_are_not() -> None:
    objects, findings = read("api: {dashboard: false}\nping: {manualRouting: true}\n")
    assert findings == [] and routers(objects) == {}
    assert [each.name for each in objects if isinstance(each, Blend)] == [INTERNAL_API, INTERNAL_PING]
    objects, _ = read("api: {insecure: true, dashboard: false}")
    assert list(routers(objects)) == ["api"]


def test_other_sections_are_only_checked() -> None:
    assert read("global: {checkNewVersion: false}\n") == ([], [])
    assert wrong("api: {x: 1}\nping: {x: 1}\nglobal: {x: 1}\n") == [
        '1: api: unknown field "x"',
        '3: global: unknown field "x"',
        '2: ping: unknown field "x"',
    ]


def test_what_is_not_done_is_said() -> None:
    (said,) = wrong(
        "ocsp: {responderOverrides: {ocsp: {example: {com: 'http://a.test'}}}}"
    )  # `ocsp.example.com` in TOML
    assert said.endswith("clients are not shown that certificates are still good")
    assert wrong("ocsp: {}\n") == [
        "1 warning: ocsp has no effect: clients are not shown that certificates are still good",
    ]


def test_the_usual_transport_of_connections() -> None:
    ((found,), findings) = read("tcpServersTransport: {dialTimeout: 3s, tls: {insecureSkipVerify: true}}")
    assert (found.name, found.connect_timeout, findings) == (Name("@static", "tcp/transport"), 3.0, [])
    assert found.tls is not None and found.tls.skips_verification


@pytest.mark.parametrize(
    ("written", "is_older"), [("{}", False), ("{defaultRuleSyntax: v3}", False), ("{defaultRuleSyntax: v2}", True)]
)
def test_the_syntax_of_rules(written: str, is_older: bool) -> None:
    core = only(f"core: {written}")
    assert (core.name, core.is_older) == (Name("@static", "core"), is_older)


def test_mistakes() -> None:
    assert wrong("core: {defaultRuleSyntax: v1}") == ['1: core: "defaultRuleSyntax" must be one of v2, v3, not "v1"']
