"""Conditions compiled, and looked at as Envoy looks at them: they hold for the requests that the rule is for."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random

import pytest
import re2
from envoy.config.route.v3 import route_components_pb2

from tests.dialects.traefik.evaluating import Call, any_holds
from tests.dialects.traefik.inventing import call, expression
from tulle.dialects.traefik.alternatives import alternatives
from tulle.dialects.traefik.matchers import HTTP_V3
from tulle.dialects.traefik.rules import formula
from tulle.envoy.conditions import narrowed
from tulle.envoy.matches import is_unconditional, route_match
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject
from tulle.model.routes import Match

HOST, PATH = Subject.HOST, Subject.PATH


def fits(conditions: Conjunction, request: Call) -> bool:
    """Whether Envoy would take a route with these conditions."""
    message = route_match(Match(conditions=conditions))
    path = request.target.partition("?")[0]
    match message.WhichOneof("path_specifier"):
        case "path":
            is_path = path == message.path
        case "safe_regex":
            is_path = re2.fullmatch(message.safe_regex.regex, path) is not None
        case _:
            is_path = path.startswith(message.prefix)
    return (
        is_path
        and all(_header(each, request) for each in message.headers)
        and all(
            any(
                ip_address(request.source) in ip_network(f"{each.address_prefix}/{each.prefix_len.value}")
                for each in state.address_match.ranges
            )
            for state in message.filter_state
        )
    )


def _header(matcher: route_components_pb2.HeaderMatcher, request: Call) -> bool:
    own = {":authority": request.host, ":path": request.target, ":method": request.method}
    lines = [value for name, value in request.headers if name.lower() == matcher.name]
    value = own.get(matcher.name, ",".join(lines) if lines else None)
    if value is None and not matcher.treat_missing_header_as_empty:
        return False
    text = matcher.string_match
    pattern = text.safe_regex.regex
    is_text = text.exact == value if text.exact else re2.fullmatch(pattern, value or "") is not None
    return is_text is not matcher.invert_match


def _is_plain(request: Call) -> bool:
    """Whether it has nothing of which it is known that Envoy sees it otherwise."""
    several = len({name for name, _ in request.headers}) < len(request.headers)
    query = request.target.partition("?")[2]
    names = [each.partition("=")[0] for each in query.split("&")]
    return not several and len(set(names)) == len(names) and "%c3" not in request.target


def test_random_rules_and_requests() -> None:
    random, looked_at = Random(7), 0
    for _ in range(3000):
        rule = alternatives(formula(expression(random, HTTP_V3), HTTP_V3))
        request = call(random)
        # Patterns for hosts see the port as well; known values of headers have no commas.
        if rule is None or not _is_plain(request) or ":80" in request.host or _is_unlike(rule):
            continue
        looked_at += 1
        assert any(fits(each, request) for each in rule) is any_holds(rule, request), (rule, request)
    assert looked_at > 500


def _is_unlike(rule: tuple[Conjunction, ...]) -> bool:
    every = [each for conditions in rule for each in conditions]
    return any(
        (each.subject is Subject.HEADER and ("," in each.value or each.comparison is Comparison.REGEX))
        or (each.subject in {Subject.QUERY, Subject.FIRST_QUERY} and each.is_negated)
        or "ü" in each.value
        for each in every
    )


@pytest.mark.parametrize(
    ("condition", "request_", "expected"),
    [
        (Condition(HOST, Comparison.EXACT, "a.test"), Call(host="A.test.:8080"), True),
        (Condition(HOST, Comparison.ONE_LABEL, "*.test"), Call(host="a.b.test"), False),
        (Condition(HOST, Comparison.REGEX, "^a$"), Call(host="a:80"), True),
        (Condition(HOST, Comparison.REGEX, "[$]"), Call(host="a$"), True),
        (Condition(PATH, Comparison.EXACT, "/a%2Fb"), Call(target="/a%2fb?x=1"), True),
        (Condition(PATH, Comparison.PREFIX, "/a%2F"), Call(target="/a%2fb"), True),
        (Condition(PATH, Comparison.EXACT, "/a b"), Call(target="/a%20b"), True),
        (Condition(PATH, Comparison.REGEX, "b$", is_negated=True), Call(target="/ab?x"), False),
        (Condition(PATH, Comparison.REGEX, "^/b$", is_negated=True), Call(target="/ab?x"), True),
        (Condition(Subject.HEADER, Comparison.EXACT, "b", "x"), Call(headers=(("X", "a"), ("X", "b"))), True),
        (Condition(Subject.HEADER, Comparison.EXACT, "a", "x"), Call(headers=(("X", "a, b"),)), False),
        (Condition(Subject.HEADER, Comparison.REGEX, "^a", "x"), Call(headers=(("X", "ab"),)), True),
        (Condition(Subject.HEADER, Comparison.REGEX, "^b", "x"), Call(headers=(("X", "ab"),)), False),
        (Condition(Subject.QUERY, Comparison.EXACT, "a b", "x"), Call(target="/?x=a+b"), True),
        (Condition(Subject.QUERY, Comparison.EXACT, "é", "x"), Call(target="/?x=%C3%A9"), True),
        (Condition(Subject.QUERY, Comparison.EXACT, "", "x"), Call(target="/?y=1&x"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a", "x"), Call(target="/?x=ab;y=1"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "b$", "x"), Call(target="/?x=ab"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, r"b\$", "x"), Call(target="/?x=ab"), False),
        (Condition(HOST, Comparison.REGEX, r"^a[\]$]"), Call(host="a$"), True),
        (Condition(HOST, Comparison.REGEX, r"^a[\]$]$"), Call(host="a]:80"), True),
        (Condition(PATH, Comparison.REGEX, "^/b|c$", is_negated=True), Call(target="/ac"), False),
        (Condition(PATH, Comparison.REGEX, "^/b|c$", is_negated=True), Call(target="/ac?d"), False),
        (Condition(PATH, Comparison.REGEX, "a.*b", is_negated=True), Call(target="/a?b"), True),
        (Condition(PATH, Comparison.REGEX, "a[^x]b", is_negated=True), Call(target="/a?b"), True),
        (Condition(PATH, Comparison.REGEX, r"a\Wb", is_negated=True), Call(target="/a?b"), True),
        (Condition(PATH, Comparison.REGEX, "%2F", is_negated=True), Call(target="/%2f"), False),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a|b$", "x"), Call(target="/?x=ac"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a|b$", "x"), Call(target="/?x=cb&y"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a|b$", "x"), Call(target="/?x=cbc"), False),
        (Condition(Subject.QUERY, Comparison.REGEX, "^(a|b)$", "x"), Call(target="/?x=b"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, r"^(a|\||[|])$", "x"), Call(target="/?x=|"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "(?i)^A", "x"), Call(target="/?x=ab"), True),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a.*c$", "x"), Call(target="/?x=a&y=c"), False),
        (Condition(Subject.QUERY, Comparison.REGEX, "^a[^b]c$", "x"), Call(target="/?x=a&c"), False),
        (Condition(Subject.QUERY, Comparison.REGEX, r"^a\Wc$", "x"), Call(target="/?x=a&c"), False),
        (Condition(Subject.SOURCE, Comparison.SUBNET, "::/0", is_negated=True), Call(source="127.0.0.1"), True),
        (Condition(Subject.SOURCE, Comparison.SUBNET, "::/0", is_negated=True), Call(source="::1"), False),
    ],
)
def test_single_conditions(condition: Condition, request_: Call, expected: bool) -> None:
    assert fits((condition,), request_) is expected


def test_two_conditions_on_the_path() -> None:
    both = (Condition(PATH, Comparison.PREFIX, "/a"), Condition(PATH, Comparison.PREFIX, "/a/b"))
    assert fits(both, Call(target="/a/b/c"))
    assert not fits(both, Call(target="/a/c"))
    both = (Condition(PATH, Comparison.PREFIX, "/a"), Condition(PATH, Comparison.EXACT, "/a/b"))
    assert fits(both, Call(target="/a/b?x"))
    assert not fits(both, Call(target="/a/b/c"))


def test_where_the_host_is_known() -> None:
    exact, label = Condition(HOST, Comparison.EXACT, "a.test"), Condition(HOST, Comparison.ONE_LABEL, "*.test")
    path, pattern = Condition(PATH, Comparison.EXACT, "/"), Condition(HOST, Comparison.REGEX, "a")
    other = Condition(HOST, Comparison.EXACT, "a.test", is_negated=True)
    assert narrowed((exact, label, path, pattern), "a.test") == (path, pattern)
    assert narrowed((exact,), "b.test") is None
    assert narrowed((other,), "a.test") is None
    assert narrowed((other,), "b.test") == ()


def test_conditions_are_none_without_any() -> None:
    assert is_unconditional(Match())
    assert not is_unconditional(Match(conditions=(Condition(PATH, Comparison.EXACT, "/"),)))


def test_how_tls_was_ended_is_in_the_state_of_the_connection() -> None:
    ended = Condition(Subject.ENDING, Comparison.EXACT, "new.@file")
    (state,) = route_match(Match(conditions=(ended,))).filter_state
    assert (state.key, state.string_match.exact) == ("tulle.ending", "new.@file")


def test_by_which_router_requests_were_divided_is_noted() -> None:
    (turn,) = route_match(Match(conditions=(Condition(Subject.TURN, Comparison.EXACT, "api@file"),))).dynamic_metadata
    assert (turn.filter, [each.key for each in turn.path]) == ("tulle.steps", ["turn"])
    assert turn.value.string_match.exact == "api@file"
