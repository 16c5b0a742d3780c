from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]
WEB = {"kind": "service", "namespace": "default", "name": "web", "revision": 3, "text": "services:\n  web: {}\n"}
PLACE = {"source": "file", "file": "a.yaml", "line": 2}
API = {"kind": "service", "namespace": "team", "name": "api", "revision": None, "text": "a: 1", "origin": PLACE}


def test_everything_is_a_table(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": [WEB, API]})
    assert tulle("get").out.splitlines() == [
        "KIND      NAME   NAMESPACE   STATUS   FROM",
        "service   web                         revision 3",
        "service   api    team                 a.yaml:2",
    ]
    assert plane.asked[-1][1] == "/v1/objects"


def test_the_status_in_a_word(tulle: Tulle, plane: Any) -> None:
    def condition(type_: str, status: str, reason: str) -> dict[str, str]:
        return {"type": type_, "status": status, "reason": reason}

    good, bad = condition("Accepted", "True", "Accepted"), condition("ResolvedRefs", "False", "BackendNotFound")
    fine = {"conditions": [good], "listeners": [{"conditions": [condition("Conflicted", "False", "NoConflicts")]}]}
    clash = {"listeners": [{"conditions": [condition("Conflicted", "True", "HostnameConflict")]}]}
    statuses = [fine, {"parents": [{"conditions": [good, bad]}]}, clash, {"parents": []}]
    plane.says({"objects": [{**WEB, "status": status} for status in statuses]})
    rows = [re.split(" {2,}", line) for line in tulle("get").out.splitlines()[1:]]
    assert [row[2] for row in rows] == ["accepted", "BackendNotFound", "HostnameConflict", "no parent"]


def test_a_kind_of_a_namespace_at_a_revision(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": []})
    done = tulle("get", "services", "-n", "team", "--revision", "0")
    assert "tulle apply" in done.err and "tulle up" in done.err
    assert plane.asked[-1][1] == "/v1/documents?kind=services&namespace=team&revision=0"


def test_one_object_is_what_was_applied(tulle: Tulle, plane: Any) -> None:
    plane.says(WEB)
    assert tulle("get", "service", "web").out == WEB["text"]
    assert plane.asked[-1][1] == "/v1/objects/service/web?namespace=default"
    assert tulle("get", "service", "web.team", "-o", "text").out.splitlines()[1].startswith("service   web")
    assert plane.asked[-1][1] == "/v1/objects/service/web?namespace=team"


def test_one_object_at_a_revision(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": [WEB, API]})
    assert tulle("get", "service", "api.team", "--revision", "3", "-o", "yaml").out == "a: 1\n"


def test_several_documents_can_be_applied_again(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": [WEB, API]})
    assert tulle("get", "service", "-o", "yaml").out == "services:\n  web: {}\n---\na: 1\n"


def test_programs_get_the_document(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": [WEB]})
    assert json.loads(tulle("get", "-o", "json").out) == {"objects": [WEB]}


def test_what_is_not_there_is_an_error(tulle: Tulle, plane: Any) -> None:
    plane.says({"detail": 'there is no service "x"'}, 404)
    done = tulle("get", "service", "x")
    assert (done.code, done.err) == (1, 'error: there is no service "x"\n')


def test_an_unknown_kind_is_misuse(tulle: Tulle, plane: Any) -> None:
    plane.says({"detail": 'there is no kind "servce"; did you mean "service"?'}, 400)
    done = tulle("get", "servce")
    assert (done.code, done.err) == (2, 'error: there is no kind "servce"; did you mean "service"?\n')
