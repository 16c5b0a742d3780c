from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import Forward, Respond

START = "parentRefs: [{name: a}]\nrules:\n- filters:\n"
MIRROR = "{type: RequestMirror, requestMirror: {backendRef: {name: copy, port: 80}}}"


@pytest.mark.parametrize(
    ("share", "percent"),
    [
        ("", 100.0),
        (", percent: 0", 0.0),
        (", fraction: {numerator: 1, denominator: 8}", 12.5),
        (", fraction: {numerator: 50}", 50.0),
    ],
)
def test_mirrors(say: Say, share: str, percent: float) -> None:
    text = f"{START}  - {MIRROR}\n  - {MIRROR}".replace("80}", "80}" + share)
    action = say("HTTPRoute", text).routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert [each.percent for each in action.mirrors] == [percent, percent]


def test_shares_that_cannot_be(complain: Complain) -> None:
    text = f"{START}  - {MIRROR}".replace("80}", "80}, percent: 5, fraction: {numerator: 200}")
    path = "spec.rules[0].filters[0].requestMirror.fraction"
    assert complain("GRPCRoute", text) == [
        f'4 error: "{path}" stands beside percent; write one of them',
        f'4 error: "{path}" is more than all: the numerator is greater than the denominator',
    ]


def test_a_filter_has_the_field_of_its_type(complain: Complain) -> None:
    text = f"{START}  - {{type: CORS, requestRedirect: {{}}, extensionRef: null}}"
    path = "spec.rules[0].filters[0]"
    assert complain("HTTPRoute", text) == [
        f'4 error: "{path}.cors" is missing, as the type is CORS',
        f'4 error: "{path}.requestRedirect" does not belong to a filter of type CORS',
    ]


def test_filters_that_cannot_be_together(complain: Complain) -> None:
    text = f"""{START}  - {{type: RequestRedirect, requestRedirect: {{}}}}
  - {{type: URLRewrite, urlRewrite: {{}}}}
  - {{type: URLRewrite, urlRewrite: {{}}}}"""
    assert complain("HTTPRoute", text) == [
        '6 error: "spec.rules[0].filters[2]" is a second URLRewrite; one is allowed',
        '5 error: "spec.rules[0].filters[1]" is a URLRewrite beside a RequestRedirect; only one can be',
    ]
    text = f"""{START}  - {{type: RequestRedirect, requestRedirect: {{}}}}
  - {{type: DirectResponse, directResponse: {{statusCode: 200}}}}"""
    assert complain("HTTPRoute", text) == [
        '5 error: "spec.rules[0].filters[1]" stands beside a RequestRedirect; a request gets one answer'
    ]


def test_direct_responses(say: Say) -> None:
    text = f"{START}  - {{type: DirectResponse, directResponse: {{statusCode: 204}}}}"
    assert say("HTTPRoute", text).routes[0].rules[0].action == Respond(status=204)
    action = say("HTTPRoute", text.replace("204", "103")).routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert action.backends[0].problem == "no request can be answered 103, which announces another answer"


def test_headers_of_answers(say: Say) -> None:
    text = f"{START}  - {{type: ResponseHeaderModifier, responseHeaderModifier: {{remove: [X-A]}}}}"
    for kind in ("HTTPRoute", "GRPCRoute"):
        changes = say(kind, text).routes[0].rules[0].response_headers
        assert changes is not None and changes.remove == ("x-a",)


@pytest.mark.parametrize(("kind", "status"), [("HTTPRoute", 500), ("GRPCRoute", 503)])
def test_unknown_filters_are_not_skipped(say: Say, kind: str, status: int) -> None:
    text = f"{START}  - {{type: ExtensionRef, extensionRef: {{group: x.io, kind: Limit, name: slow}}}}"
    found = say(kind, f"{text}\n  backendRefs: [{{name: web, port: 80}}]")
    action = found.routes[0].rules[0].action
    assert isinstance(action, Forward) and action.status_without_backends == status
    (backend,) = action.backends
    assert backend.problem == "the filter slow (Limit of x.io) is unknown here"
    assert backend.problem_reason == "UnsupportedValue" and backend.origin.line == 8
    action = say(kind, text.replace("x.io", '""')).routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert action.backends[0].problem == "the filter slow (Limit) is unknown here"
