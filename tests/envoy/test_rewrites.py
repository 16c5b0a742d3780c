from __future__ import annotations

import re

import pytest
from envoy.config.route.v3 import route_components_pb2
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.decoded import as_json
from tulle.envoy import rewrites
from tulle.model.routes import PathKind, PathMatch, Redirect, RedirectPort, Rewrite

SEGMENTS = st.lists(st.from_regex(r"[a-c.]{1,2}", fullmatch=True), max_size=3).map(lambda parts: "/" + "/".join(parts))


def apply(matched: PathMatch | None, prefix: str, path: str) -> str:
    """What Envoy makes of a path."""
    replaced = rewrites.replace_prefix(matched, prefix)
    if not isinstance(replaced, str):
        return re.sub(replaced.pattern.regex, replaced.substitution, path)
    kind = matched.kind if matched else PathKind.PREFIX
    if kind in {PathKind.EXACT, PathKind.REGEX}:
        return replaced
    length = len(matched.value.rstrip("/") if kind is PathKind.PREFIX else matched.value) if matched else 1
    return replaced + path[max(length, 1) :]


@pytest.mark.parametrize(
    ("matched", "prefix", "path", "expected"),
    [
        (PathMatch(PathKind.PREFIX, "/cart"), "/", "/cart/1", "/1"),
        (PathMatch(PathKind.PREFIX, "/cart"), "/", "/cart", "/"),
        (PathMatch(PathKind.PREFIX, "/cart"), "", "/cart/", "/"),
        (PathMatch(PathKind.PREFIX, "/cart/"), "/v1/", "/cart/1", "/v1/1"),
        (PathMatch(PathKind.PREFIX, "/cart"), "/v1", "/cart", "/v1"),
        (PathMatch(PathKind.PREFIX, "/cart"), "v1", "/cart/1", "/v1/1"),
        (PathMatch(PathKind.PREFIX, "/CART", ignore_case=True), "/", "/cart/1", "/1"),
        (PathMatch(PathKind.PREFIX, "/"), "/api", "/x", "/api/x"),
        (PathMatch(PathKind.PREFIX, "/"), "/", "/x", "/x"),
        (None, "/api/", "/x", "/api/x"),
        (PathMatch(PathKind.EXACT, "/a"), "/b", "/a", "/b"),
        (PathMatch(PathKind.REGEX, "/a.*"), "/b", "/ax", "/b"),
        (PathMatch(PathKind.TEXT_PREFIX, "/cart"), "/", "/cart/1", "/1"),
        (PathMatch(PathKind.TEXT_PREFIX, "/cart"), "/", "/carton", "/on"),
        (PathMatch(PathKind.TEXT_PREFIX, "/cart"), "", "/cart", "/"),
        (PathMatch(PathKind.TEXT_PREFIX, "/cart"), "/v", "/carton", "/von"),
        (PathMatch(PathKind.TEXT_PREFIX, "/cart/"), "/v1/", "/cart/1", "/v1/1"),
    ],
)
def test_prefixes_are_replaced(matched: PathMatch | None, prefix: str, path: str, expected: str) -> None:
    assert apply(matched, prefix, path) == expected


@given(SEGMENTS, SEGMENTS, SEGMENTS, st.sampled_from(["", "/"]))
def test_by_segments_there_is_never_a_double_slash_nor_nothing(root: str, prefix: str, rest: str, end: str) -> None:
    path = (root.rstrip("/") + rest) or "/"
    result = apply(PathMatch(PathKind.PREFIX, root + end), prefix + end, path)
    assert result.startswith("/")
    assert "//" not in result


def test_only_one_form_of_the_path_is_applied() -> None:
    action = route_components_pb2.RouteAction()
    rewrites.rewrite(Rewrite(path="/a\\1", host="h"), None, action)
    assert as_json(action) == {
        "host_rewrite_literal": "h",
        "regex_rewrite": {"pattern": {"regex": "^.*$"}, "substitution": "/a\\\\1"},
    }


def test_patterns_substitute_groups() -> None:
    action = route_components_pb2.RouteAction()
    rewrites.rewrite(Rewrite(regex=("^/a/(.*)", "/\\1")), None, action)
    assert as_json(action)["regex_rewrite"]["substitution"] == "/\\1"


def test_a_host_alone_leaves_the_path() -> None:
    action = route_components_pb2.RouteAction()
    rewrites.rewrite(Rewrite(host="h"), None, action)
    assert as_json(action) == {"host_rewrite_literal": "h"}


WHOLE = {
    "host_redirect": "h",
    "port_redirect": 1,
    "scheme_redirect": "https",
    "response_code": "PERMANENT_REDIRECT",
}
STRIPPED = {"pattern": {"regex": "^/a/*"}, "substitution": "/"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Redirect(), {}),
        (Redirect(host="h", port=1, scheme="https", status=308), WHOLE),
        (Redirect(path="/x", status=302), {"path_redirect": "/x", "response_code": "FOUND"}),
        (Redirect(prefix="/x", status=303), {"prefix_rewrite": "/x", "response_code": "SEE_OTHER"}),
        (Redirect(prefix="/", status=307), {"regex_rewrite": STRIPPED, "response_code": "TEMPORARY_REDIRECT"}),
    ],
)
def test_redirects_change_what_they_name(change: Redirect, expected: object) -> None:
    ((conditions, message),) = rewrites.redirects(change, PathMatch(PathKind.PREFIX, "/a"), rewrites.Entry())
    assert (conditions, as_json(message)) == ((), expected)


KEEP, BY_SCHEME, REQUEST = RedirectPort.KEEP, RedirectPort.BY_SCHEME, RedirectPort.REQUEST
MOVED = rewrites.Entry(80, False, ((80, 8080), (443, 8443)))
PLAIN, SECURE, NOWHERE = rewrites.Entry(8080, False), rewrites.Entry(443, True), rewrites.Entry()


@pytest.mark.parametrize(
    ("change", "entry", "expected"),
    [
        (Redirect(scheme="https"), PLAIN, [0]),
        (Redirect(scheme="https", port=8443), PLAIN, [8443]),
        (Redirect(scheme="https", port=443, host="h"), PLAIN, [0]),
        (Redirect(scheme="https", port=443), PLAIN, ["said", 0]),
        (Redirect(scheme="http", port=443), PLAIN, [443]),
        (Redirect(scheme="https", port_from=BY_SCHEME), PLAIN, ["said", 0]),
        (Redirect(scheme="https", port_from=BY_SCHEME), NOWHERE, ["said", 0]),
        (Redirect(scheme="ftp", port_from=BY_SCHEME), PLAIN, [0]),
        (Redirect(port_from=BY_SCHEME), PLAIN, [8080]),
        (Redirect(port_from=BY_SCHEME), SECURE, ["said", 0]),
        (Redirect(port_from=BY_SCHEME), NOWHERE, [0]),
        (Redirect(scheme="https", port_from=REQUEST), PLAIN, [8080]),
        (Redirect(port_from=KEEP), SECURE, [0]),
        (Redirect(port=80), NOWHERE, [80]),
        (Redirect(port=80), PLAIN, ["said", 0]),
        (Redirect(port_from=BY_SCHEME), MOVED, [8080, 0]),
        (Redirect(host="h", port_from=BY_SCHEME), MOVED, [8080, 0]),
        (Redirect(scheme="https"), MOVED, [8443, 0]),
        (Redirect(scheme="https", port_from=BY_SCHEME), MOVED, [8443, 0]),
        (Redirect(scheme="https", port=443), MOVED, [8443, 0]),
        (Redirect(scheme="http", port=443), MOVED, [8443, 443]),
        (Redirect(scheme="https", port=9443), MOVED, [9443]),
        (Redirect(), MOVED, [0]),
    ],
)
def test_ports_of_redirects(change: Redirect, entry: rewrites.Entry, expected: list[object]) -> None:
    found = list(rewrites.redirects(change, None, entry))
    is_moved = bool(entry.moved)
    ports = ["said" if conditions and not is_moved else message.port_redirect for conditions, message in found]
    assert ports == expected
    assert all(message.port_redirect for conditions, message in found if conditions)
