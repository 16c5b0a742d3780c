"""Single conditions of routers in Envoy's terms: what a route match can say itself, and patterns for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias
from urllib.parse import quote

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import filter_state_pb2, string_pb2

from tulle.envoy import path_patterns, protos
from tulle.envoy.steps.paths import NOTES
from tulle.model.conditions import Comparison, Condition, Subject

RouteMatch: TypeAlias = route_components_pb2.RouteMatch
HeaderMatcher: TypeAlias = route_components_pb2.HeaderMatcher
Network: TypeAlias = IPv4Network | IPv6Network
PORT = "(?::[0-9]+)?"
RESERVED = "/:@!$&'()*+,;=~%?#[]"
"""What paths hold as it is; `?` and `#` stand for themselves only if they are escaped there, too."""
_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[.$^|()]", re.DOTALL)
"""What may mean something else within a longer pattern; classes of characters and escapes as a whole."""
_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
SOURCE = "tulle.source"
"""The address of the client in the state of its connection."""
ENDING = "tulle.ending"
"""The name of the options that its TLS was ended by, in the same place."""


def add(conditions: Iterable[Condition], message: RouteMatch) -> None:
    """Add conditions to a match, which has none on the path yet, or only that it begins with /."""
    for each in conditions:
        match each.subject:
            case Subject.HOST:
                _header(message, ":authority", protos.regex(_host_pattern(each)), each.is_negated)
            case Subject.PATH:
                _path(each, message)
            case Subject.METHOD:
                text = string_pb2.StringMatcher(exact=each.value)
                message.headers.append(HeaderMatcher(name=":method", string_match=text, invert_match=each.is_negated))
            case Subject.HEADER:
                _header(message, each.name, protos.regex(_value_pattern(each)), each.is_negated)
            case Subject.QUERY | Subject.FIRST_QUERY:
                _header(message, ":path", protos.regex(_query_pattern(each)), each.is_negated)
            case Subject.ENDING:
                message.filter_state.add(key=ENDING, string_match=protos.exactly(each.value))
            case Subject.TURN:
                turn = message.dynamic_metadata.add(filter=NOTES)
                turn.path.add(key="turn")
                turn.value.string_match.exact = each.value
            case _:
                _source(each, message)


def narrowed(conditions: Iterable[Condition], host: str) -> tuple[Condition, ...] | None:
    """What is left of conditions where the host is known; None if they cannot hold there."""
    left = []
    for each in conditions:
        if each.subject is not Subject.HOST or each.comparison is Comparison.REGEX:
            left.append(each)
            continue
        fits = host == each.value
        if each.comparison is Comparison.ONE_LABEL:
            fits = host.partition(".")[2] == each.value[2:]
        if fits is each.is_negated:
            return None
    return tuple(left)


def _header(message: RouteMatch, name: str, pattern: object, is_negated: bool) -> None:
    text = string_pb2.StringMatcher(safe_regex=pattern)
    message.headers.append(
        HeaderMatcher(name=name, string_match=text, invert_match=is_negated, treat_missing_header_as_empty=is_negated)
    )


def _host_pattern(condition: Condition) -> str:
    match condition.comparison:
        case Comparison.EXACT:
            return rf"(?i)\[?{re.escape(condition.value)}\.?\]?{PORT}"
        case Comparison.ONE_LABEL:
            return rf"(?i)[^.]*\.{re.escape(condition.value[2:])}\.?{PORT}"
        case _:
            return f"(?i).*(?:{_before_port(condition.value)}).*"


def _before_port(pattern: str) -> str:
    """A pattern whose end of the text may also be where a port begins."""
    return _ATOM.sub(lambda each: f"{PORT}$" if each[0] == "$" else each[0], pattern)


def _path(condition: Condition, message: RouteMatch) -> None:
    is_free = message.WhichOneof("path_specifier") is None or message.prefix == "/"
    value = quote(condition.value, safe=RESERVED)
    if "%" in value and condition.comparison is not Comparison.REGEX:
        # Clients write escapes in either case.
        after = ".*" if condition.comparison is Comparison.PREFIX else r"(?:\?.*)?"
        _header(message, ":path", protos.regex(f"(?s){path_patterns.any_case(value)}{after}"), condition.is_negated)
        return
    match condition.comparison:
        case Comparison.EXACT if is_free and not condition.is_negated:
            message.path = value
        case Comparison.PREFIX if is_free and not condition.is_negated:
            message.prefix = value
        case Comparison.REGEX if is_free and not condition.is_negated:
            message.safe_regex.CopyFrom(protos.regex(f"(?s).*(?:{path_patterns.written(condition.value)}).*"))
        case Comparison.EXACT:
            pattern = rf"{re.escape(value)}(?:\?.*)?"
            _header(message, ":path", protos.regex(pattern), condition.is_negated)
        case Comparison.PREFIX:
            _header(message, ":path", protos.regex(f"{re.escape(value)}.*"), condition.is_negated)
        case _:
            _header(message, ":path", protos.regex(_path_pattern(condition.value)), condition.is_negated)


def _path_pattern(pattern: str) -> str:
    """A pattern on the path within one on the path with its query."""
    pattern = path_patterns.written(pattern)
    inner = _ATOM.sub(lambda each: r"(?:\?.*)?$" if each[0] == "$" else _inside(each, "?"), pattern)
    return f"(?s)[^?]*?(?:{inner}).*"


def _value_pattern(condition: Condition) -> str:
    """Lines of one header are one value with commas between; nobody writes a list without a space after each."""
    if condition.comparison is Comparison.EXACT:
        return f"(?s)(?:.*,)?{re.escape(condition.value)}(?:,[^ ].*)?"
    return f"(?s).*(?:{condition.value}).*"


def _query_pattern(condition: Condition) -> str:
    name = _escapable(condition.name)
    if condition.comparison is Comparison.EXACT:
        value = _escapable(condition.value)
        equals = f"={value}" if condition.value else "=?"
    else:
        equals = f"=(?:{_within_parameter(condition.value)})"
    before = r"[^?]*\?(?:.*[&;])?" if condition.subject is Subject.QUERY else r"[^?]*\?(?:[^&;]*[&;])*?"
    return f"(?s){before}{name}{equals}(?:[&;].*)?"


def _within_parameter(pattern: str) -> str:
    """A pattern on a part of a value."""
    flags = _FLAGS.match(pattern)
    start = flags[0] if flags is not None else ""
    return start + "|".join(map(_part_of_parameter, _alternatives(pattern[len(start) :])))


def _part_of_parameter(pattern: str) -> str:
    start, end = pattern.startswith("^"), pattern.endswith("$") and not pattern.endswith(r"\$")
    inner = pattern.removeprefix("^")
    inner = _ATOM.sub(lambda each: _inside(each, "&;"), inner[:-1] if end else inner)
    return f"{'' if start else '[^&;]*'}{inner}{'' if end else '[^&;]*'}"


def _alternatives(pattern: str) -> list[str]:
    """The parts between those `|` that are in no parentheses."""
    found, depth, begin = [], 0, 0
    for atom in _ATOM.finditer(pattern):
        depth += {"(": 1, ")": -1}.get(atom[0], 0)
        if atom[0] == "|" and not depth:
            found.append(pattern[begin : atom.start()])
            begin = atom.end()
    return [*found, pattern[begin:]]


def _inside(atom: re.Match[str], ends: str) -> str:
    """What matches any character, or all but some, does not match what ends the text."""
    match atom[0]:
        case ".":
            return f"[^{ends}]"
        case r"\D" | r"\S" | r"\W":
            return f"[^{ends}{atom[0].lower()}]"
        case text if text.startswith("[^"):
            return f"{text[:-1]}{ends}]"
        case text:
            return text


def _escapable(text: str) -> str:
    """A text of which every byte may be escaped."""
    parts = []
    for byte in text.encode():
        character = chr(byte)
        escape = f"%(?i:{byte:02x})"
        if byte < 128 and character.isprintable() and character not in "%&;# +":
            parts.append(f"(?:{re.escape(character)}|{escape})")
        elif character == " ":
            parts.append(f"(?:\\+|{escape})")
        else:
            parts.append(escape)
    return "".join(parts)


def _source(condition: Condition, message: RouteMatch) -> None:
    """Where the connection comes from."""
    networks = [ip_network(condition.value)]
    if condition.is_negated:
        everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
        networks = [left for each in everything for left in _without(each, networks[0])]
    matcher = filter_state_pb2.FilterStateMatcher(key=SOURCE)
    for each in networks:
        matcher.address_match.ranges.add(address_prefix=str(each.network_address)).prefix_len.value = each.prefixlen
    message.filter_state.append(matcher)


def _without(whole: Network, part: Network) -> list[Network]:
    return [*whole.address_exclude(part)] if whole.version == part.version else [whole]  # type: ignore[arg-type]
