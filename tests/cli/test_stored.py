from __future__ import annotations

import getpass

import pytest

from tulle.cli import stored
from tulle.cli.output import MISUSED, Failure
from tulle.dialects.native.dialect import DIALECT
from tulle.model.names import Name

CHANGE = {"kind": "service", "namespace": "default", "name": "web", "action": "added"}


@pytest.fixture(autouse=True)
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_kinds_may_be_plural() -> None:
    assert [stored.kind(text) for text in ("services", "Service", "mesh", "routes")] == [
        *("service", "service", "mesh", "route"),
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("servce", '; did you mean "service"?'),
        ("nope", "; known are service, workload, route, listener, access, token, mesh, and kinds such as Ingress"),
    ],
)
def test_unknown_kinds_are_misuse(text: str, hint: str) -> None:
    with pytest.raises(Failure) as caught:
        stored.kind(text)
    assert (str(caught.value), caught.value.code) == (f'there is no kind "{text}"{hint}', MISUSED)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("services", "service"),
        ("access", "access"),
        ("tokens", "token"),
        ("core/Service", "core/service"),
        ("Ingress", "ingress"),
        ("ingresses", "ingress"),
        ("Deployments", "deployment"),
    ],
)
def test_kinds_may_be_written_as_many_and_with_capitals(text: str, kind: str) -> None:
    assert stored.kind(text) == kind


def test_kinds_are_those_that_can_be_written() -> None:
    assert {f"native/{kind}" for kind in stored.KINDS} == {*DIALECT.kinds}


def test_names_may_have_a_namespace() -> None:
    assert stored.name("web", "") == Name("default", "web")
    assert stored.name("web", "team") == stored.name("web.team", "") == Name("team", "web")


def test_a_revision_says_what_changed() -> None:
    changes = [CHANGE, {**CHANGE, "action": "removed", "namespace": "team"}]
    assert stored.revision({"revision": 3, "changes": changes}) == [
        *("revision 3", "+ service web", "- service web.team"),
    ]
    assert stored.revision({"revision": 3, "changes": []}) == ["nothing differs from what is stored already"]


def test_the_history_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"revision": 3, "time": "2026-01-02T03:04:05Z", "author": "ann", "message": "why", "changes": [CHANGE] * 5}
    line = stored.history([entry])[1]
    assert line.startswith("3          2026-01-0")
    assert line.endswith("ann      +service web, +service web, +service web, … 2 more   why")


def test_the_author_is_who_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    assert stored.author() == "ann"

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert stored.author() == "unknown"
