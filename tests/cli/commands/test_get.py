from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Tulle = Callable[..., Any]
WEB = {"kind": "service", "namespace": "default", "name": "web", "revision": 3, "text": "services:\n  web: {}\n"}
API = {"kind": "service", "namespace": "team", "name": "api", "revision": 4, "text": "a: 1"}


def test_everything_is_a_table(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": [WEB, API]})
    assert tulle("get").out.splitlines() == [
        "KIND      NAME   NAMESPACE   REVISION",
        "service   web                3",
        "service   api    team        4",
    ]
    assert plane.asked[-1][1] == "/v1/documents"


def test_a_kind_of_a_namespace_at_a_revision(tulle: Tulle, plane: Any) -> None:
    plane.says({"objects": []})
    done = tulle("get", "services", "-n", "team", "--revision", "0")
    assert "tulle apply" in done.err
    assert plane.asked[-1][1] == "/v1/documents?kind=services&namespace=team&revision=0"


def test_one_object_is_what_was_applied(tulle: Tulle, plane: Any) -> None:
    plane.says(WEB)
    assert tulle("get", "service", "web").out == WEB["text"]
    assert plane.asked[-1][1] == "/v1/documents/service/web?namespace=default"
    assert tulle("get", "service", "web.team", "-o", "text").out.splitlines()[1].startswith("service   web")
    assert plane.asked[-1][1] == "/v1/documents/service/web?namespace=team"


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
