"""What Envoy does with a list of routes: the conditions that the compiler makes, as Envoy documents them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import string_pb2

from tests.envoy.specification import Request

Route: TypeAlias = route_components_pb2.Route
HOST = "h.example"
KNOWN = {
    *("prefix", "path", "path_separated_prefix", "safe_regex", "case_sensitive"),
    *("headers", "query_parameters"),
}


def chosen(routes: Iterable[Route], request: Request) -> str:
    """The name of the first route that fits; empty if there is none."""
    return next((each.name for each in routes if _fits(each.match, request)), "")


def _fits(match: route_components_pb2.RouteMatch, request: Request) -> bool:
    everything = {
        "prefix",
        "path",
        "path_separated_prefix",
        "safe_regex",
        "case_sensitive",
        "headers",
        "query_parameters",
    }
    assert {field.name for field, _ in match.ListFields()} <= everything, match
    return (
        _path(match, request.path)
        and all(_header(each, request) for each in match.headers)
        and all(_parameter(each, request) for each in match.query_parameters)
    )


def _path(match: route_components_pb2.RouteMatch, path: str) -> bool:
    kind = match.WhichOneof("path_specifier")
    if kind == "safe_regex":
        return re.fullmatch(match.safe_regex.regex, path) is not None
    wanted: str = getattr(match, kind or "prefix")
    if match.HasField("case_sensitive") and not match.case_sensitive.value:
        wanted, path = wanted.lower(), path.lower()
    match kind:
        case "path":
            return path == wanted
        case "path_separated_prefix":
            return path == wanted or path.startswith(f"{wanted}/")
        case _:
            return path.startswith(wanted)


def _header(matcher: route_components_pb2.HeaderMatcher, request: Request) -> bool:
    values = {":method": request.method, ":path": request.target, ":authority": HOST, **dict(request.headers)}
    value = values.get(matcher.name)
    if matcher.HasField("present_match"):
        return bool(((value is not None) == matcher.present_match) != matcher.invert_match)
    if value is None and not matcher.treat_missing_header_as_empty:
        return False
    return bool(_text(matcher.string_match, value or "") != matcher.invert_match)


def _parameter(matcher: route_components_pb2.QueryParameterMatcher, request: Request) -> bool:
    # Of several with the same name Envoy looks at the first.
    value = next((value for name, value in request.query if name == matcher.name), None)
    if matcher.HasField("present_match"):
        return bool((value is not None) == matcher.present_match)
    return value is not None and _text(matcher.string_match, value)


def _text(matcher: string_pb2.StringMatcher, value: str) -> bool:
    match matcher.WhichOneof("match_pattern"):
        case "exact":
            return bool(value == matcher.exact)
        case "prefix":
            return value.startswith(matcher.prefix)
        case "suffix":
            return value.endswith(matcher.suffix)
        case "contains":
            return matcher.contains in value
        case _:
            return re.fullmatch(matcher.safe_regex.regex, value) is not None
