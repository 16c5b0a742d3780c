from __future__ import annotations

from tests.dialects.traefik.reading import named, read, wrong
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.names import Name
from tulle.model.routers import Reference


def test_interfaces_that_are_open_have_routers() -> None:
    objects, findings = read("api: {insecure: true, basePath: /base}\nping: {}\n")
    assert findings == []
    found = named(objects)
    assert sorted(found) == ["api", "dashboard", "interface", "ping"]
    assert found["api"].alternatives == ((Condition(Subject.PATH, Comparison.PREFIX, "/base/api"),),)
    assert found["ping"].entry_points == (Reference(Name("@static", "traefik")),)
    assert found["ping"].priority > found["api"].priority > found["dashboard"].priority
    assert found["ping"].service == Reference(Name("@internal", "ping"))


def test_interfaces_that_are_not() -> None:
    objects, _ = read("api: {dashboard: false}\nping: {manualRouting: true}\n")
    assert list(named(objects)) == ["interface"]
    objects, _ = read("api: {insecure: true, dashboard: false}")
    assert list(named(objects)) == ["interface", "api"]


def test_other_sections_are_only_checked() -> None:
    assert read("global: {checkNewVersion: false}\ncore: {defaultRuleSyntax: v3}\nlog: {level: DEBUG}\n") == ([], [])
    assert wrong("api: {x: 1}\nping: {x: 1}\nglobal: {x: 1}\n") == [
        '1: api: unknown field "x"',
        '3: global: unknown field "x"',
        '2: ping: unknown field "x"',
    ]
