"""What rules ask of requests and connections, in words of no product; only single conditions are negated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from tulle.dialects import patterns


class Subject(StrEnum):
    """What a condition looks at."""

    HOST = "host"
    """The host that was called: in lower case, without port and brackets, perhaps with a dot at its end."""
    PATH = "path"
    """The path without the query. What a URL can only carry escaped is unescaped, except for reserved characters and
    `%`: `/a b` is called as `/a%20b`, `/a%2Fb` as it is."""
    METHOD = "method"
    HEADER = "header"
    """Any value of the header of this name; each line is a value."""
    QUERY = "query"
    """Any value of the parameter of this name, unescaped."""
    FIRST_QUERY = "first_query"
    """The first value of the parameter of this name, unescaped."""
    SOURCE = "source"
    """The address that the connection comes from."""
    SERVER_NAME = "server_name"
    """The SNI in lower case; empty without TLS."""
    ALPN = "alpn"
    """Any protocol that the client offers."""


SINGLE = frozenset({Subject.HOST, Subject.PATH, Subject.METHOD, Subject.SERVER_NAME})
"""Subjects that a request always has exactly one of."""


class Comparison(StrEnum):
    """How a text is compared with the value of a condition."""

    EXACT = "exact"
    """A host may have a dot at its end besides."""
    ONE_LABEL = "one_label"
    """`*.example.org` is one label more than `example.org`, neither less nor more; of a host as with `EXACT`."""
    PREFIX = "prefix"
    """By characters, not by segments."""
    REGEX = "regex"
    """RE2 that fits some part of the text, wherever it does not say `^` and `$`."""
    SUBNET = "subnet"
    """An address is in a CIDR."""


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """A single question."""

    subject: Subject
    comparison: Comparison
    value: str
    name: str = ""
    """Of the header, in lower case, or of the parameter."""
    is_negated: bool = False

    def fits(self, text: str) -> bool:
        """The answer for one text, whatever is negated; not for subnets."""
        plain = text.removesuffix(".") if self.subject is Subject.HOST else text
        match self.comparison:
            case Comparison.EXACT:
                return plain == self.value
            case Comparison.ONE_LABEL:
                return "." in plain and plain.partition(".")[2] == self.value[2:]
            case Comparison.PREFIX:
                return text.startswith(self.value)
            case _:
                return patterns.finds(self.value, text)


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts; of no parts it is always true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Any of the parts; of no parts it is never true."""

    parts: tuple[Formula, ...]


Formula = Condition | Every | Some
ALWAYS, NEVER = Every(()), Some(())


def every(parts: Iterable[Formula]) -> Formula:
    """All of these; a single one stays as it is."""
    known = tuple(parts)
    return known[0] if len(known) == 1 else Every(known)


def some(parts: Iterable[Formula]) -> Formula:
    """Any of these; a single one stays as it is."""
    known = tuple(parts)
    return known[0] if len(known) == 1 else Some(known)


def negation(formula: Formula) -> Formula:
    """The opposite, with nothing negated but single conditions."""
    match formula:
        case Condition():
            return replace(formula, is_negated=not formula.is_negated)
        case Every(parts):
            return Some(tuple(map(negation, parts)))
        case _:
            return Every(tuple(map(negation, formula.parts)))


def names(formula: Formula, subject: Subject = Subject.HOST) -> frozenset[str] | None:
    """The only hosts (or server names) for which it can be true at all; None if they cannot be counted up.

    Where they can, it needs to be looked at for no other host.
    """
    match formula:
        case Condition():
            is_name = formula.subject is subject and formula.comparison is Comparison.EXACT and not formula.is_negated
            return frozenset({formula.value}) if is_name else None
        case Every(parts):
            counted = [found for part in parts if (found := names(part, subject)) is not None]
            return frozenset.intersection(*counted) if counted else None
        case _:
            all_found = [names(part, subject) for part in formula.parts]
            counted = [found for found in all_found if found is not None]
            return frozenset[str]().union(*counted) if len(counted) == len(all_found) else None
