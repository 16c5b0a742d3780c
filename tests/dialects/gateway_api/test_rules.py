from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.dialects.gateway_api.rules import created
from tulle.dialects.objects import Metadata
from tulle.model.names import Name
from tulle.model.routes import Forward, HeaderChanges, Redirect, Respond, Rewrite, RouteKind

START = "parentRefs: [{name: a}]\nrules:\n"
HEADERS = "{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x-a]}}"
ANSWERS = "{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [x-b]}}"
HOST = "{type: URLRewrite, urlRewrite: {hostname: b.example}}"
PATH = "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /x}}}"
REDIRECT = "{type: RequestRedirect, requestRedirect: {}}"


def test_age() -> None:
    assert created(Metadata.model_validate({"name": "a"})) == ""
    assert created(Metadata.model_validate({"creationTimestamp": "2024-01-01T00:00:00Z"})) == "2024-01-01T00:00:00Z"


def test_names(say: Say, complain: Complain) -> None:
    text = f"{START}- {{name: one}}\n- {{}}"
    (route,) = say("HTTPRoute", text, extra=", creationTimestamp: '2024'").routes
    assert (route.name, route.kind, route.created) == (Name("shop", "HTTPRoute/it"), RouteKind.HTTP, "2024")
    assert [rule.name for rule in route.rules] == ["it/one", "it/1"]
    assert complain("GRPCRoute", f"{START}- {{name: one}}\n- {{name: one}}") == [
        '4 error: "spec.rules[1].name" is the name of a rule before; names must differ'
    ]


def test_there_are_limits(complain: Complain) -> None:
    matches = ", ".join(["{}"] * 64)
    rule = f"- matches: [{matches}]\n"
    assert not complain("HTTPRoute", START + rule * 2)
    expected = '2 error: "spec.rules" have 192 matches together; at most 128 are allowed'
    for kind in ("HTTPRoute", "GRPCRoute"):
        assert complain(kind, START + rule * 3) == [expected]
    assert complain("HTTPRoute", "parentRefs: [{name: a}]\nrules: []") == [
        '2 error: "spec.rules" is empty; name at least one'
    ]


def test_filters_of_one_of_several_backends(say: Say) -> None:
    text = f"""{START}- backendRefs:
  - {{name: a, port: 80, filters: [{HEADERS}, {ANSWERS}, {HOST}]}}
  - {{name: b, port: 80, weight: 0}}"""
    action = say("HTTPRoute", text).routes[0].rules[0].action
    assert isinstance(action, Forward)
    first, second = action.backends
    assert first.request_headers == HeaderChanges(remove=("x-a",))
    assert first.response_headers == HeaderChanges(remove=("x-b",))
    assert (first.host_rewrite, first.weight, second.weight, second.host_rewrite) == ("b.example", 1, 0, None)
    action = say("HTTPRoute", text.replace(HOST, PATH)).routes[0].rules[0].action
    assert isinstance(action, Forward)
    first, second = action.backends
    message = "a URLRewrite cannot be done for one of several backends; its requests are answered 500"
    assert (first.problem, first.problem_reason, second.problem) == (message, "UnsupportedValue", "")


def test_one_of_several_backends_may_be_an_answer(say: Say) -> None:
    text = f"{START}- backendRefs: [{{name: a, port: 80, filters: [{REDIRECT}, {ANSWERS}]}}, {{name: b, port: 80}}]"
    action = say("HTTPRoute", text).routes[0].rules[0].action
    assert isinstance(action, Forward)
    first, second = action.backends
    assert isinstance(first.answer, Redirect) and first.response_headers and second.answer is None and not first.problem
    for status, expected in ((403, Respond(status=403)), (100, None)):
        answer = f"{{type: DirectResponse, directResponse: {{statusCode: {status}}}}}"
        action = say("HTTPRoute", text.replace(REDIRECT, answer)).routes[0].rules[0].action
        assert isinstance(action, Forward) and action.backends[0].answer == expected
        assert bool(action.backends[0].problem) is (expected is None)


def test_filters_of_the_only_backend_are_those_of_the_rule(say: Say) -> None:
    text = f"{START}- backendRefs:\n  - {{name: a, port: 80, filters: [{PATH}]}}"
    action = say("HTTPRoute", text).routes[0].rules[0].action
    assert isinstance(action, Forward) and action.rewrite == Rewrite(path="/x")
    found = say("HTTPRoute", text.replace(PATH, REDIRECT))
    assert isinstance(found.routes[0].rules[0].action, Redirect) and not found.findings


def test_requests_are_redirected_or_sent_on(say: Say, complain: Complain) -> None:
    assert isinstance(say("HTTPRoute", f"{START}- filters: [{REDIRECT}]").routes[0].rules[0].action, Redirect)
    assert complain("HTTPRoute", f"{START}- filters: [{REDIRECT}]\n  backendRefs: [{{name: a, port: 80}}]") == [
        '4 error: "spec.rules[0].backendRefs" stand beside a RequestRedirect; a request is sent on or redirected'
    ]


def test_requests_are_answered_or_sent_on(say: Say, complain: Complain) -> None:
    answer = "{type: DirectResponse, directResponse: {statusCode: 403, body: {string: no}}}"
    action = say("HTTPRoute", f"{START}- filters: [{answer}]").routes[0].rules[0].action
    assert action == Respond(status=403, body="no")
    assert complain("HTTPRoute", f"{START}- filters: [{answer}]\n  backendRefs: [{{name: a, port: 80}}]") == [
        '4 error: "spec.rules[0].backendRefs" stand beside a DirectResponse; a request is sent on or answered'
    ]


def test_without_backends_the_answer_is_an_error(say: Say) -> None:
    for kind, status in (("HTTPRoute", 500), ("GRPCRoute", 503)):
        action = say(kind, f"{START}- {{}}").routes[0].rules[0].action
        assert action == Forward(backends=(), status_without_backends=status)
