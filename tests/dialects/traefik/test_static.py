from __future__ import annotations

from typing import Any

from tests.dialects.traefik.reading import read, wrong
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
    assert read("global: {checkNewVersion: false}\ncore: {defaultRuleSyntax: v3}\nlog: {level: DEBUG}\n") == ([], [])
    assert wrong("api: {x: 1}\nping: {x: 1}\nglobal: {x: 1}\n") == [
        '1: api: unknown field "x"',
        '3: global: unknown field "x"',
        '2: ping: unknown field "x"',
    ]
