"""The judge is not blind: it sees what is different, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.traefik.cases import Case, Step, read_case
from tests.e2e.traefik.filling import Words
from tests.e2e.traefik.judging import Outcome, differences, mistakes
from tests.e2e.traefik.merging import complete, renamed
from tests.e2e.traefik.replies import Reply

WORDS = Words({"web": "12345", "one.sticky": "0123456789abcdef"})


def outcome(*replies: Reply, **expect: Any) -> Outcome:
    return Outcome(Step("send", "GET /", {}, expect), list(replies), {})


def wrong(reply: Reply, **expect: Any) -> list[str]:
    return mistakes(expect, outcome(reply), WORDS)


@pytest.mark.parametrize(
    ("expect", "is_right"),
    [
        ({"status": 200}, True),
        ({"status": 404}, False),
        ({"by": "one"}, True),
        ({"by": "two"}, False),
        ({"saw": {"path": "/a", "x-a": "1", "x-b": None}}, True),
        ({"saw": {"x-a": None}}, False),
        ({"headers": {"x-kind": "~^t"}}, True),
        ({"headers": {"x-kind": None}}, False),
        ({"body": "else"}, False),
    ],
)
def test_expectations(expect: dict[str, Any], is_right: bool) -> None:
    reply = Reply(200, [("x-kind", "tea")], b'{"by": "one", "path": "/a", "headers": {"x-a": "1"}}')
    assert (not wrong(reply, **expect)) == is_right


def test_shares_may_differ_by_chance_only() -> None:
    one, two = Reply(200, body=b'{"by": "one"}'), Reply(200, body=b'{"by": "two"}')
    assert not mistakes({"shares": {"one": 3, "two": 1}}, outcome(*[one] * 30, *[two] * 10), WORDS)
    assert mistakes({"shares": {"one": 3, "two": 1}}, outcome(*[one] * 10, *[two] * 30), WORDS)


def test_gateways_differ_in_anything_but_their_ports() -> None:
    case = Case("a")
    here = outcome(Reply(302, [("location", "http://a:12345/"), ("date", "now")], b"Found"))
    there = outcome(Reply(302, [("location", "http://a:54321/"), ("date", "then")], b"Found"))
    others = Words({"web": "54321"})
    assert not differences(case, here, there, (WORDS, others))
    there.replies[0].headers.append(("server", "envoy"))
    assert differences(case, here, there, (WORDS, others)) == ["header server: None of Traefik, 'envoy' of ours"]


def test_names_get_a_prefix_wherever_they_are_written() -> None:
    case = read_case(
        "t", {"name": "a", "rules": {"one": "Path(`/`)"}, "middlewares": {"m": {"chain": {"middlewares": ["n"]}}}}
    )
    config = renamed("a-", complete(case))
    assert config["entryPoints"] == {"a-web": {"address": "127.0.0.1:{web}"}}
    router = {"rule": "Path(`/`)", "service": "a-one", "middlewares": ["a-m"], "entryPoints": ["a-web"]}
    assert config["http"]["routers"] == {"a-one": router}
    assert config["http"]["middlewares"] == {"a-m": {"chain": {"middlewares": ["a-n"]}}}


def test_a_word_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(AssertionError, match="colour"):
        read_case("t", {"name": "a", "steps": [{"send": "GET /", "colour": "red"}]})
