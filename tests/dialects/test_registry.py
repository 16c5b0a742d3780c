from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects import registry
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

Write = Callable[[str], Document]


def test_every_dialect_is_found() -> None:
    assert "native" in registry.dialects()
    assert all(dialect.name == name for name, dialect in registry.dialects().items())


def test_what_nobody_reads_is_a_finding(write: Write) -> None:
    parts, (finding,) = registry.split(write("apiVersion: autoscaling/v2\nkind: Scaler\nmetadata: {name: web}"))
    assert not parts and not finding.is_error
    assert finding.message == "Scaler web is left alone: nothing here reads it"


LIST = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a}
- apiVersion: v1
  kind: Event
- words
"""


def test_a_list_is_cut_into_its_objects(write: Write) -> None:
    parts, findings = registry.split(write(LIST))
    assert [part.key for part in parts] == [Key("core/pod", Name("default", "a"))]
    assert [str(finding) for finding in findings] == [
        'in.yaml:9: error: an item of a List must be an object, not "words"',
        "in.yaml:7: warning: Event is left alone: nothing here reads it",
    ]


def test_unchanged_objects_of_a_list_are_the_same(write: Write) -> None:
    (before,), _ = registry.split(write(LIST))
    (after,), _ = registry.split(write(LIST.replace("items", "# more\nitems")), {before.key: before})
    assert after is before and before.origin.line == 5


def test_what_looks_like_no_language_at_all_is_a_finding(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "dialects", dict)
    _, (finding,) = registry.split(write("a: 1"))
    assert "in no language that is known here" in finding.message


def test_a_part_is_read_as_it_is() -> None:
    part = Document(Origin("store"), Key("native/mesh", Name("tulle-system", "mesh")), {"mesh": {"outside": "known"}})
    assert registry.split(part) == ((part,), ())
    settings = registry.read(part).settings
    assert settings is not None and not settings.allow_outside


def test_kinds_of_objects_have_a_group_and_others_have_none() -> None:
    kinds = registry.kinds()
    assert kinds["istio/virtualservice"] == "networking.istio.io"
    assert kinds["core/service"] == kinds["native/service"] == ""
    assert {kind.partition("/")[0] for kind in kinds} == set(registry.dialects())


def test_policies_are_what_says_who_may_do_what() -> None:
    def is_policy(kind: str) -> bool:
        return registry.is_policy(Document(Origin("file", "a.yaml"), Key(kind, Name("default", "a")), {}))

    policies = {kind for kind in registry.kinds() if is_policy(kind)}
    assert policies == {
        "istio/authorizationpolicy",
        "istio/peerauthentication",
        "istio/requestauthentication",
        "native/access",
        "native/mtls",
        "native/token",
    }
    assert not is_policy("native/unheard")


def test_the_language_of_a_document() -> None:
    def language(data: dict[str, object]) -> str:
        return registry.language(Document(Origin("file", "a.yaml"), Key("file", Name("", "a")), data))

    service: dict[str, object] = {"apiVersion": "v1", "kind": "Service"}
    assert language({"http": {}}) == "traefik"
    assert language({"edge": {"http": {}}}) == language({}) == "native"
    assert language(service) == language({"apiVersion": "v1", "kind": "List", "items": [service]}) == "core"
    assert language({"apiVersion": "v1", "kind": "List", "items": [1]}) == ""
    assert language({"apiVersion": "example.org/v1", "kind": "Other"}) == ""
