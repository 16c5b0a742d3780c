from __future__ import annotations

from tulle.flow.build import Builder
from tulle.flow.checking import difference
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.mesh import Mesh
from tulle.model.names import Name


def document(text: str, file: str = "a.yaml") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file), Key("file", Name("", f"{file}#1")), data, "/folder")


def test_an_account_is_known_as_long_as_a_service_has_it() -> None:
    builder = Builder()
    guarded = document("services: {api: {command: x, allow: [shared]}}", "g.yaml")
    one, two = (
        document(f"services: {{{name}: {{command: x, account: shared}}}}", f"{name}.yaml") for name in ("a", "b")
    )
    assert not builder.build((guarded, one, two)).findings
    assert not builder.build((guarded, one)).findings
    assert len(builder.build((guarded,)).findings) == 1


def test_listeners_keep_their_identity_when_something_else_changes() -> None:
    builder = Builder()
    listener = document("gateway: {listeners: {a: 18080, b: 18080}}", "l.yaml")
    before = builder.build((listener,))
    after = builder.build((listener, document("services: {a: {command: x}}")))
    assert after.listeners is before.listeners
    assert [name.name for name in after.listeners] == ["a"]


def test_a_difference_is_told_by_names() -> None:
    a, b, c = (Name("d", letter) for letter in "abc")
    assert difference({a: 1, b: 2}, {b: 3, c: 4}, [a, b, c]) == ((3, 4), (1, 2))


def test_who_may_call_a_workload_are_the_accounts_of_the_callers() -> None:
    builder = Builder()
    api = document("services: {api: {command: x, port: 81, allow: web}}", "api.yaml")
    caller, renamed = (
        document(f"services: {{web: {{command: x, port: 80, account: {account}}}}}", "web.yaml")
        for account in ("frontend", "shop")
    )

    def allowed(mesh: Mesh) -> tuple[Name, ...]:
        (rule,) = mesh.guards[Name("default", "api")].allow or ()
        return rule.callers

    assert allowed(builder.build((caller, api))) == (Name("default", "frontend"),)
    assert allowed(builder.build((renamed, api))) == (Name("default", "shop"),)
    assert allowed(builder.build((api,))) == (Name("default", "web"),)
    assert allowed(builder.build((caller, api))) == (Name("default", "frontend"),)
