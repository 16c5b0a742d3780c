from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.policies import Retry
from tulle.model.routes import Forward, Match, PathKind, PathMatch

START = "parentRefs: [{name: a}]\nrules:\n- backendRefs: [{name: web, port: 80}]\n"
ROOT = Match(path=PathMatch(PathKind.PREFIX, "/"))


def test_hosts_and_rules_by_default(say: Say) -> None:
    for version in ("v1", "v1beta1", "v1alpha2"):
        (route,) = say("HTTPRoute", "parentRefs: [{name: a}]", f"gateway.networking.k8s.io/{version}").routes
        assert route.hosts == ("*",) and route.by_specificity
        (rule,) = route.rules
        assert rule.matches == (ROOT,) and rule.action == Forward(backends=(), status_without_backends=500)


def test_hosts(say: Say, complain: Complain) -> None:
    (route,) = say("HTTPRoute", 'parentRefs: [{name: a}]\nhostnames: [a.example, "*.b.example"]').routes
    assert route.hosts == ("a.example", "*.b.example")
    assert complain("HTTPRoute", "parentRefs: [{name: a}]\nhostnames: [A.example]") == [
        '2 error: "spec.hostnames[0]" must be a host name such as shop.example.org or *.example.org, in lower-case, '
        'not "A.example"'
    ]


@pytest.mark.parametrize(
    ("text", "timeout", "retry"),
    [
        ("", None, None),
        ("timeouts: {request: 2s}", 2.0, None),
        ("timeouts: {request: 0s, backendRequest: 1s}", 0.0, Retry(per_try_timeout=1.0)),
        ("timeouts: {backendRequest: 0s}", None, None),
        ("retry: {}", None, Retry(conditions=("reset",))),
        ("retry: {attempts: 0}", None, Retry(attempts=0, conditions=("reset",))),
        (
            "retry: {attempts: 3, codes: [503], backoff: 100ms}",
            None,
            Retry(attempts=3, conditions=("reset",), status_codes=(503,), backoff=0.1),
        ),
    ],
)
def test_timeouts_and_retries(say: Say, text: str, timeout: float | None, retry: Retry | None) -> None:
    found = say("HTTPRoute", f"{START}  {text}")
    action = found.routes[0].rules[0].action
    assert not found.findings and isinstance(action, Forward)
    assert (action.timeout, action.retry) == (timeout, retry)


def test_a_try_is_no_longer_than_the_request(complain: Complain) -> None:
    assert complain("HTTPRoute", f"{START}  timeouts: {{request: 1s, backendRequest: 2s}}") == [
        '4 error: "spec.rules[0].timeouts.backendRequest" is longer than the limit for the whole request'
    ]


@pytest.mark.parametrize(
    ("matches", "is_fine"),
    [
        ("", True),
        ("matches: [{path: {value: /a}}]", True),
        ("matches: [{method: GET}]", True),
        ("matches: [{path: {type: Exact, value: /a}}]", False),
        ("matches: [{path: {value: /a}}, {path: {value: /b}}]", False),
    ],
)
def test_a_prefix_is_replaced_where_one_was_matched(complain: Complain, matches: str, is_fine: bool) -> None:
    rewrite = "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}"
    other = "{type: RequestHeaderModifier, requestHeaderModifier: {}}"
    message = "replaces a prefix, so the rule needs exactly one match, of type PathPrefix"
    text = f"{START}  filters: [{other}, {rewrite}]\n  {matches}"
    path = "spec.rules[0].filters[1].urlRewrite.path"
    assert complain("HTTPRoute", text) == ([] if is_fine else [f'4 error: "{path}" {message}'])
    text = f"{START}  {matches}".replace("port: 80}", f"port: 80, filters: [{rewrite}]}}")
    path = "spec.rules[0].backendRefs[0].filters[0].urlRewrite.path"
    assert complain("HTTPRoute", text) == ([] if is_fine else [f'3 error: "{path}" {message}'])


def test_a_route_that_cannot_be_read(complain: Complain) -> None:
    assert complain("HTTPRoute", "zzz: 1") == ['1 error: unknown field "zzz" in "spec"']
