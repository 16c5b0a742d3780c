from __future__ import annotations

from typing import Any

from tests.envoy.kitchen import backend
from tulle.envoy.steps import calls
from tulle.envoy.steps.parts import Where, Work
from tulle.model import steps

HERE = Where("0", "router/1")


def asked(**more: Any) -> Work:
    step = steps.AskServer(**{"backend": backend("guard", port=80), "url": "http://u:p@guard:81/a?b=c", **more})
    (work,) = calls.ask(step, HERE)
    assert isinstance(work, Work)
    return work


def test_a_question_knows_whom_and_what_it_asks() -> None:
    (question,) = asked().request
    told = {name: question[name] for name in ("scheme", "authority", "path", "timeout", "waits", "cluster")}
    assert told == {
        "scheme": "http",
        "authority": "guard:81",
        "path": "/a?b=c",
        "timeout": 30_000,
        "waits": True,
        "cluster": "outbound|80||guard.default",
    }
    assert asked(url="http://guard").request[0]["path"] == "/"


def test_names_of_headers_are_in_lower_case_and_patterns_are_for_lua() -> None:
    (question,) = asked(request_headers=("X-A",), consent_headers=("X-B",), consent_pattern="^X-(Cc|Dd)").request
    assert (question["only"], question["consent"], question["patterns"]) == (["x-a"], ["x-b"], ["^X%-Cc", "^X%-Dd"])


def test_cookies_of_consents_are_added_to_answers() -> None:
    assert asked().answer == ()
    assert asked(cookies=("a",)).answer == ({"op": "cookies", "note": "0", "cookies": ["a"]},)


def test_pages_need_to_know_the_request() -> None:
    step = steps.ErrorPages(
        statuses=((500, 599),),
        backend=backend("pages", port=80),
        path="e",
        rewrites=((500, 502, 200),),
        headers=("X-A",),
    )
    (work,) = calls.pages(step, HERE)
    assert isinstance(work, Work)
    assert work.request == ({"op": "note_page", "note": "0", "only": ["x-a"]},)
    (page,) = work.answer
    assert (page["path"], page["statuses"], page["rewrites"]) == ("/e", [[500, 599]], [[500, 502, 200]])
    (work,) = calls.pages(steps.ErrorPages(statuses=(), backend=backend("pages", port=80), path="/{status}"), HERE)
    assert isinstance(work, Work)
    assert work.request == ({"op": "note_page", "note": "0"},)
    assert work.answer[0]["path"] == "/{status}"
