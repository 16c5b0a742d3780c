from __future__ import annotations

from typing import Any, get_args

import pytest

from tests.envoy.kitchen import backend
from tests.envoy.policies import sign_in, token_rule
from tulle.envoy.steps import operations
from tulle.envoy.steps.parts import Native, Where, Work
from tulle.model import steps

HERE = Where("0", "router/1")
BY = steps.SameClient(is_host=True)
SOME: tuple[steps.Step, ...] = (
    steps.RouteAgain("api@file"),
    steps.VerifyToken(rule=token_rule(jwks="{}")),
    sign_in(),
    steps.AddPrefix(prefix="/a"),
    steps.StripPrefix(prefixes=("/a",)),
    steps.StripPattern(patterns=("/a",)),
    steps.ReplacePath(path="/a"),
    steps.ReplacePattern(pattern="a", replacement="b"),
    steps.RedirectScheme(scheme="https"),
    steps.RedirectPattern(pattern="a", replacement="b"),
    steps.SetHeaders(),
    steps.ShareOrigins(),
    steps.RefuseHosts(hosts=("a",)),
    steps.AllowAddresses(ranges=("10.0.0.0/8",)),
    steps.LimitRate(average=1, burst=1, by=BY),
    steps.LimitInFlight(amount=1, by=BY),
    steps.Passwords(users=(("a", "b"),)),
    steps.Compress(),
    steps.LimitBodies(request=1, answer=1),
    steps.ErrorPages(statuses=((500, 599),), backend=backend("pages"), path="/"),
    steps.AskServer(backend=backend("guard"), url="http://guard/"),
    steps.Break(expression="NetworkErrorRatio() > 0.5"),
    steps.RefuseEscapes(escapes=("%2f",)),
    steps.GuessTypes(),
    steps.ShowCertificate(),
    steps.BridgeGrpc(),
)
ELSEWHERE = {steps.TryAgain, steps.LimitTime, steps.LimitConnections}
"""Policies of the route, and of connections."""


def work(step: steps.Step) -> Work:
    (found,) = operations.parts(step, HERE)
    assert isinstance(found, Work)
    return found


def only(step: steps.Step) -> Any:
    (found,) = work(step).request
    return found


def test_every_step_can_be_done() -> None:
    assert {type(each) for each in SOME} == set(get_args(steps.Step)) - ELSEWHERE
    assert all(operations.parts(each, HERE) for each in SOME)


def test_what_nothing_does_is_an_error() -> None:
    with pytest.raises(ValueError, match="LimitConnections"):
        operations.parts(steps.LimitConnections(amount=1), HERE)
    assert "LimitConnections" in operations.problem(steps.LimitConnections(amount=1))
    assert operations.problem(steps.AddPrefix(prefix="/a")) == ""
    refused = operations.refusal("no")
    assert isinstance(refused, Work)
    assert refused.request == ({"op": "refuse", "status": 500, "body": "no\n"},)


def test_the_usual_port_of_a_scheme_is_not_told() -> None:
    for port, told in (("443", ""), ("", ""), ("80", ":80")):
        assert only(steps.RedirectScheme(scheme="https", port=port))["port"] == told


def test_headers_are_set_or_removed() -> None:
    step = steps.SetHeaders(request=(("X-A", " b "), ("X-C", "")), answer=(("X-D", "e"),))
    assert work(step).request == ({"op": "set", "name": "x-a", "value": "b"}, {"op": "remove", "name": "x-c"})
    assert work(step).answer == ({"op": "set", "name": "x-d", "value": "e"},)


def test_some_headers_are_for_tls_only() -> None:
    step = steps.SetHeaders(secure_answer=(("X-A", "b"),), secure_proof=(("X-Tls", "on"),))
    assert work(step).request == ({"op": "note_secure", "note": "0", "proof": [["x-tls", "on"]]},)
    then = {"op": "set", "name": "x-a", "value": "b"}
    assert work(step).answer == ({"op": "secure", "then": then, "note": "0"},)


def test_the_last_word_decides_whether_services_see_the_client() -> None:
    removes, sets = (steps.SetHeaders(request=(("x-forwarded-for", value),)) for value in ("", "a"))
    assert operations.hides_client((removes,))
    assert not operations.hides_client((removes, sets))
    assert not operations.hides_client((steps.AddPrefix(prefix="/a"),))


def test_origins_may_be_patterns() -> None:
    shared = only(steps.ShareOrigins(methods=("GET", "*"), headers=("a", "b"), exposed=("c",)))
    assert (shared["methods"], shared["headers"], shared["exposed"]) == ("GET,*", "a,b", "c")
    before, native, after = operations.parts(steps.ShareOrigins(patterns=("a", "b")), HERE)
    assert isinstance(before, Work)
    assert isinstance(native, Native)
    assert isinstance(after, Work)
    assert after.request[0]["found"] == "0-origin"


def test_with_credentials_everything_is_not_said() -> None:
    shared = only(steps.ShareOrigins(allows_credentials=True, methods=("*",), headers=("a", "*"), exposed=("*",)))
    assert (shared["methods"], shared["headers"], shared["exposed"]) == ("*", "*", "")


def test_refusals_have_the_name_of_their_status() -> None:
    allowed = only(steps.AllowAddresses(ranges=("10.0.0.0/8",), status=451))
    assert (allowed["body"], allowed["by"]) == ("Unavailable For Legal Reasons", {"kind": "peer"})


def test_values_of_headers_are_one_line() -> None:
    (work,) = operations.parts(steps.SetHeaders(answer=(("X-A", "a\r\nX-B: c\n"),)), HERE)
    assert isinstance(work, Work)
    assert work.answer[0]["value"] == "a X-B: c"
