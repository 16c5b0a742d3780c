"""Single conditions on requests and connections, as the rules of edge gateways have them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    ENDING = "ending"
    """The name of the options that TLS was ended by, at an entry point."""
    TURN = "turn"
    """The router whose steps were the last ones after which the route was looked for again."""


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


Conjunction = tuple[Condition, ...]
"""Conditions that must all hold; `()` is always true."""
