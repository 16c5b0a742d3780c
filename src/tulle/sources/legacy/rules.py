"""Rules of Traefik 1, `Host:a.example;PathPrefixStrip:/api`, in the syntax of Traefik 2. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tulle.model.findings import did_you_mean

LONGEST = 16 * 1024
"""Characters of a rule."""
_MATCHERS: Mapping[str, str] = {
    "Host": "Host",
    "HostRegexp": "HostRegexp",
    "Path": "Path",
    "PathStrip": "Path",
    "PathStripRegex": "Path",
    "PathPrefix": "PathPrefix",
    "PathPrefixStrip": "PathPrefix",
    "PathPrefixStripRegex": "PathPrefix",
    "Method": "Method",
    "Headers": "Headers",
    "HeadersRegexp": "HeadersRegexp",
    "Query": "Query",
}
_MODIFIERS = ("AddPrefix", "ReplacePath", "ReplacePathRegex")
_EVERYTHING = "PathPrefix(`/`)"


class BadRule(ValueError):
    """A rule is none; the message says why, as the rest of a sentence that begins with it."""


Modifier = tuple[str, Mapping[str, object]]
"""A type of middleware and its options."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the rules of a frontend say together."""

    text: str
    """In the syntax of Traefik 2."""
    length: int
    """Of what was written: the higher, the earlier it is tried."""
    modifiers: tuple[Modifier, ...]
    """In the order in which they change the path."""


def converted(rules: Iterable[str]) -> Rule:
    """All the rules of a frontend: a request must fit each of them.

    Raises:
        BadRule: one of them is none.
    """
    matchers: list[str] = []
    changes: dict[str, tuple[str, ...]] = {}
    length = 0
    for rule in rules:
        length += len(rule)
        for name, arguments in _parts(rule):
            if name in _MATCHERS:
                matchers.append(_matcher(name, arguments))
            if name in _MODIFIERS or "Strip" in name:
                changes[name] = arguments
    return Rule(" && ".join(matchers) or _EVERYTHING, length, tuple(_modifiers(changes)))


def _parts(rule: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    if not rule.strip():
        raise BadRule("is empty")
    if len(rule) > LONGEST:
        raise BadRule(f"is longer than {LONGEST // 1024} KiB")
    for part in filter(None, rule.split(";")):
        name, _, rest = part.strip().partition(":")
        name = name.strip()
        if name not in _MATCHERS and name not in _MODIFIERS:
            raise BadRule(f"has {name or 'nothing'} where a function is needed{did_you_mean(name, _KNOWN)}")
        arguments = tuple(each.strip() for each in rest.split(",") if each)
        if not arguments:
            raise BadRule(f"has {name} without a value")
        if any("`" in each for each in arguments):
            raise BadRule("has a backtick, which cannot be said in the syntax of Traefik 2")
        yield name, arguments


_KNOWN = (*_MATCHERS, *_MODIFIERS)


def _matcher(name: str, arguments: tuple[str, ...]) -> str:
    if name.startswith("Headers") and len(arguments) % 2:
        raise BadRule(f"has {name} with a name that has no value; write {name}:name,value")
    if name == "Host":
        arguments = tuple(each.lower() for each in arguments)
    pairs = zip(arguments[::2], arguments[1::2], strict=False)
    groups = list(pairs) if name.startswith("Headers") else [arguments]
    return " && ".join(f"{_MATCHERS[name]}({', '.join(f'`{each}`' for each in group)})" for group in groups)


def _modifiers(changes: Mapping[str, tuple[str, ...]]) -> Iterable[Modifier]:
    """Traefik 1 strips first, then adds, and replaces last, in whatever order it was written."""
    patterns = [each for name in ("PathStripRegex", "PathPrefixStripRegex") for each in changes.get(name, ())]
    prefixes = [each for name in ("PathStrip", "PathPrefixStrip") for each in changes.get(name, ())]
    if patterns:
        yield "stripPrefixRegex", {"regex": sorted(map(_pattern, patterns), key=_longest)}
    if prefixes:
        yield "stripPrefix", {"prefixes": sorted(prefixes, key=_longest)}
    if "AddPrefix" in changes:
        yield "addPrefix", {"prefix": changes["AddPrefix"][-1]}
    if "ReplacePathRegex" in changes:
        # A regular expression may have a comma; it was one argument only by accident.
        regex, _, replacement = ",".join(changes["ReplacePathRegex"]).partition(" ")
        if not regex or not replacement.strip():
            raise BadRule("has ReplacePathRegex without two values; write a regular expression, a space, a replacement")
        yield "replacePathRegex", {"regex": regex, "replacement": replacement.strip()}
    if "ReplacePath" in changes:
        yield "replacePath", {"path": changes["ReplacePath"][-1]}


_longest: Callable[[str], int] = lambda text: -len(text)  # noqa: E731


def _pattern(template: str) -> str:
    """`/api/{version:[0-9]+}/` as a regular expression."""
    pieces = re.split(r"(\{(?:[^{}]|\{[^{}]*\})*\})", template)
    return "^" + "".join(_variable(each[1:-1]) if each.startswith("{") else re.escape(each) for each in pieces)


def _variable(inner: str) -> str:
    _, colon, own = inner.partition(":")
    return f"(?:{own})" if colon and own else "[^/]+"
