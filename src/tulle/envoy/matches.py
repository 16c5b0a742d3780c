"""Conditions of a route rule in Envoy's terms."""

from __future__ import annotations

import re
from typing import TypeAlias

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import metadata_pb2, string_pb2, value_pb2

from tulle.envoy import conditions, protos
from tulle.envoy.attributes import PAYLOAD, TOKENS
from tulle.model.routes import Match, PathKind, PathMatch, ValueKind, ValueMatch

HeaderMatcher: TypeAlias = route_components_pb2.HeaderMatcher
MetadataMatcher: TypeAlias = metadata_pb2.MetadataMatcher
ValueMatcher: TypeAlias = value_pb2.ValueMatcher
EVERYTHING = PathMatch(PathKind.PREFIX, "/")
NOTHING_ELSE = "(?:)"
"""A pattern that only the empty text fits; Envoy refuses an empty pattern."""
_PARTS = {ValueKind.PREFIX, ValueKind.SUFFIX, ValueKind.CONTAINS}


def route_match(match: Match, methods: tuple[str, ...] = ()) -> route_components_pb2.RouteMatch:
    """The conditions; `methods`, if given, takes the place of those of the match.

    Ports and callers are no part of them: they are decided before (`tulle.envoy.views`).
    """
    message = route_components_pb2.RouteMatch(
        headers=[_header(each) for each in match.headers],
        query_parameters=[_query(each) for each in match.query if not each.invert],
        dynamic_metadata=[_claim(each) for each in match.claims],
    )
    if methods or match.methods:
        message.headers.append(_methods(methods or match.methods))
    message.headers.extend(_without_query(each) for each in match.query if each.invert)
    _path(match.path or EVERYTHING, message)
    conditions.add(match.conditions, message)
    return message


def is_unconditional(match: Match) -> bool:
    """Whether every request of a caller that the match is for fits."""
    path = match.path
    is_any_path = path is None or (path.kind in {PathKind.PREFIX, PathKind.TEXT_PREFIX} and path.value in {"", "/"})
    return is_any_path and not (match.methods or match.headers or match.query or match.claims or match.conditions)


def segments(path: str) -> str:
    """A prefix by segments without its trailing slash; empty for the root."""
    return path.rstrip("/")


def _path(path: PathMatch, message: route_components_pb2.RouteMatch) -> None:
    match path.kind:
        case PathKind.EXACT:
            message.path = path.value
        case PathKind.PREFIX if segments(path.value):
            message.path_separated_prefix = segments(path.value)
        case PathKind.PREFIX:
            message.prefix = "/"
        case PathKind.TEXT_PREFIX:
            message.prefix = path.value or "/"
        case _:
            # Envoy cannot ignore case for patterns itself.
            pattern = path.value or NOTHING_ELSE
            message.safe_regex.CopyFrom(protos.regex(f"(?i:{pattern})" if path.ignore_case else pattern))
    if path.ignore_case and path.kind is not PathKind.REGEX:
        message.case_sensitive.value = False


def _methods(methods: tuple[str, ...]) -> HeaderMatcher:
    text = string_pb2.StringMatcher()
    if len(methods) == 1:
        text.exact = methods[0]
    else:
        text.safe_regex.CopyFrom(protos.regex("|".join(map(re.escape, dict.fromkeys(methods)))))
    return HeaderMatcher(name=":method", string_match=text)


def _header(match: ValueMatch) -> HeaderMatcher:
    name = ":authority" if match.name.lower() == "host" else match.name
    if is_presence(match):
        return HeaderMatcher(name=name, present_match=True, invert_match=match.invert)
    return HeaderMatcher(
        name=name,
        string_match=text_match(match),
        invert_match=match.invert,
        # "Not equal" includes "not there"; Envoy sees it so only if told to.
        treat_missing_header_as_empty=match.invert,
    )


def _query(match: ValueMatch) -> route_components_pb2.QueryParameterMatcher:
    if is_presence(match):
        return route_components_pb2.QueryParameterMatcher(name=match.name, present_match=True)
    return route_components_pb2.QueryParameterMatcher(name=match.name, string_match=text_match(match))


def _claim(match: ValueMatch) -> MetadataMatcher:
    """A claim of a verified token; of a list any element counts."""
    path = [MetadataMatcher.PathSegment(key=each) for each in (PAYLOAD, *filter(None, match.name.split("/")))]
    if is_presence(match):
        value = ValueMatcher(present_match=True)
    else:
        alone = ValueMatcher(string_match=text_match(match))
        element = ValueMatcher(list_match=value_pb2.ListMatcher(one_of=alone))
        value = ValueMatcher(or_match=value_pb2.OrMatcher(value_matchers=[alone, element]))
    return MetadataMatcher(filter=TOKENS, path=path, value=value, invert=match.invert)


def is_presence(match: ValueMatch) -> bool:
    """Whether every value fits: Envoy refuses to look for a part that is empty."""
    return match.kind is ValueKind.PRESENT or (match.kind in _PARTS and not match.value)


def _without_query(match: ValueMatch) -> HeaderMatcher:
    """A parameter that must not be so: Envoy cannot invert those, but a pattern on the whole target can be."""
    value = re.escape(match.value)
    pattern = {
        ValueKind.EXACT: f"={value}" if value else "=?",
        ValueKind.PREFIX: f"={value}[^&]*",
        ValueKind.SUFFIX: f"=[^&]*{value}",
        ValueKind.CONTAINS: f"=[^&]*{value}[^&]*",
        ValueKind.REGEX: f"=(?:{match.value})",
        ValueKind.PRESENT: "(?:=[^&]*)?",
    }[match.kind]
    target = rf"[^?]*\?(?:.*&)?{re.escape(match.name)}{pattern}(?:&.*)?"
    text = string_pb2.StringMatcher(safe_regex=protos.regex(target))
    return HeaderMatcher(name=":path", string_match=text, invert_match=True)


def text_match(match: ValueMatch) -> string_pb2.StringMatcher:
    """The condition on a value, whatever it is the value of."""
    match match.kind:
        case ValueKind.PREFIX:
            return protos.starting_with(match.value)
        case ValueKind.SUFFIX:
            return string_pb2.StringMatcher(suffix=match.value)
        case ValueKind.CONTAINS:
            return string_pb2.StringMatcher(contains=match.value)
        case ValueKind.REGEX:
            return string_pb2.StringMatcher(safe_regex=protos.regex(match.value or NOTHING_ELSE))
        case _:
            return protos.exactly(match.value)
