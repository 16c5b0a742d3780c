"""The matchers of each grammar: how they are written, which arguments they take, and what they ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tulle.dialects import patterns
from tulle.dialects.traefik import arguments, templates
from tulle.dialects.traefik.conditions import ALWAYS, NEVER, Formula, every, some
from tulle.model.conditions import Comparison, Condition, Subject

Values = tuple[str, ...]
Check = Callable[[str], str]
"""What is wrong with an argument, as the rest of a sentence; empty if nothing is."""
_UNSEEN_HEADERS = frozenset({"host", "transfer-encoding"})
"""Headers that Go takes out of a request before anything is matched, so that nothing matches them."""

_UNSEEN_ESCAPE = re.compile("%(?!2[13-9A-CF]|3[ABDF]|40|5[BD])")
"""Rules see only reserved characters and `%` escaped, in capitals; everything else is unescaped before them."""


@dataclass(frozen=True, slots=True)
class MatcherKind:
    """What can stand before parentheses."""

    usage: str
    """An example, as remedy for wrong arguments."""
    meaning: Callable[[Values], Formula]
    """What is asked, for arguments that are right."""
    checks: tuple[Check, ...]
    """For the arguments in turn; from the beginning again where there are more."""
    fewest: int = 1
    most: int | None = 1
    """None: any number that is a multiple of `fewest`."""
    check_together: Callable[[Values], str] | None = None
    """For what only all arguments together can have wrong; names the matcher itself."""

    def takes(self, count: int) -> bool:
        """Whether it can have as many arguments."""
        if self.most is None:
            return count > 0 and count % self.fewest == 0
        return self.fewest <= count <= self.most


@dataclass(frozen=True, slots=True)
class Grammar:
    """A kind of rules: the matchers that they are made of."""

    title: str
    """As in `is no matcher of …`."""
    kinds: Mapping[str, MatcherKind]
    spellings: Mapping[str, str]
    """Every name that a matcher may be written by, with the usual one."""


def _each(ask: Callable[[str], Formula]) -> Callable[[Values], Formula]:
    """Any of the arguments; in the v3 syntax there is only one."""
    return lambda values: some(map(ask, values))


def _of(subject: Subject, comparison: Comparison) -> Callable[[Values], Formula]:
    return _each(lambda value: Condition(subject, comparison, value))


def _path(path: str, comparison: Comparison = Comparison.EXACT) -> Formula:
    return NEVER if _UNSEEN_ESCAPE.search(path) else Condition(Subject.PATH, comparison, path)


def _path_prefix(path: str) -> Formula:
    return _path(path, Comparison.PREFIX)


def _host(host: str) -> Formula:
    name = host.lower().removesuffix(".")
    if host == "*":
        return ALWAYS
    if name.startswith("*."):
        return Condition(Subject.HOST, Comparison.ONE_LABEL, name)
    return _host_v2(host)


def _host_v2(host: str) -> Formula:
    name = host.lower().removesuffix(".")
    # A star that is no wildcard would have to be in the name that is called.
    return NEVER if "*" in name else Condition(Subject.HOST, Comparison.EXACT, name)


def _server_names(names: Values) -> Formula:
    """Any of these; only a `*` that comes first is for clients without TLS and without SNI too."""
    return ALWAYS if names[0] == "*" else some(map(_server_name, names))


def _server_name(name: str) -> Formula:
    if name == "*":
        return Condition(Subject.SERVER_NAME, Comparison.REGEX, ".")
    comparison = Comparison.ONE_LABEL if name.startswith("*.") else Comparison.EXACT
    return Condition(Subject.SERVER_NAME, comparison, name.lower().removesuffix("."))


def _method(method: str) -> Formula:
    return Condition(Subject.METHOD, Comparison.EXACT, method.upper())


def _source(address: str) -> Formula:
    return Condition(Subject.SOURCE, Comparison.SUBNET, arguments.network(address))


def _pairs(values: Values) -> list[tuple[str, str]]:
    return list(zip(values[::2], values[1::2], strict=True))


def _headers(comparison: Comparison) -> Callable[[Values], Formula]:
    """All of the headers; of a name that is written twice the last value counts."""

    def ask(name: str, value: str) -> Formula:
        is_seen = name.lower() not in _UNSEEN_HEADERS
        return Condition(Subject.HEADER, comparison, value, name.lower()) if is_seen else NEVER

    return lambda values: every(ask(name, value) for name, value in dict(_pairs(values)).items())


def _query(values: Values) -> Formula:
    name, value = values if len(values) == 2 else (values[0], "")
    return Condition(Subject.QUERY, Comparison.EXACT, value, name)


def _query_regexp(values: Values) -> Formula:
    if len(values) == 1:
        return _query(values)
    return Condition(Subject.QUERY, Comparison.REGEX, values[1], values[0])


def _query_v2(values: Values) -> Formula:
    """All of `name=template`."""

    def ask(name: str, value: str) -> Formula:
        if value and not templates.has_variables(value):
            return Condition(Subject.FIRST_QUERY, Comparison.EXACT, value, name)
        pattern = templates.pattern(value, templates.IN_QUERY) or templates.IN_QUERY
        return Condition(Subject.FIRST_QUERY, Comparison.REGEX, f"^{pattern}$", name)

    return every(ask(name, value) for name, value in _pairs(_cut(values)))


def _cut(values: Values) -> Values:
    """Names and values, of `name=value` as well as of both as arguments of their own."""
    return tuple(part for value in values for part in value.split("=", 1))


def _check_query_v2(values: Values) -> str:
    parts = _cut(values)
    if len(parts) % 2:
        return "has a parameter without a value; write `name=value`"
    known: set[str] = set()
    for name, value in _pairs(parts):
        if templates.has_variables(name):
            return f'has a variable in the name of the parameter "{name}"; only its value can vary'
        if wrong := templates.problem(value):
            return f'has "{name}={value}", whose value {wrong}'
        if twice := known & templates.variables(value):
            return f'has the variable "{min(twice)}" twice; give it two names'
        known |= templates.variables(value)
    return ""


def _path_v2(template: str) -> Formula:
    if not templates.has_variables(template):
        return _path(template)
    pattern = templates.pattern(template, templates.IN_PATH)
    return Condition(Subject.PATH, Comparison.REGEX, f"^{pattern}$")


def _path_prefix_v2(template: str) -> Formula:
    if not templates.has_variables(template):
        return _path_prefix(template)
    return Condition(Subject.PATH, Comparison.REGEX, f"^{templates.pattern(template, templates.IN_PATH)}")


def _template(subject: Subject) -> Callable[[Values], Formula]:
    """A host or server name by a template."""

    def ask(template: str) -> Formula:
        pattern = templates.pattern(template, templates.IN_HOST)
        return Condition(subject, Comparison.REGEX, f"(?i)^{pattern}$")

    return _each(ask)


def _grammar(title: str, **kinds: MatcherKind) -> Grammar:
    forms = (str, str.lower, str.upper, str.capitalize)
    spellings = {form(name): name for name in kinds for form in forms}
    return Grammar(title, MappingProxyType(kinds), MappingProxyType(spellings))


_TEXT, _PATTERN = arguments.anything, patterns.problem
_CLIENT_IP = "ClientIP(`10.0.0.0/8`)"

HTTP_V3 = _grammar(
    "HTTP rules",
    ClientIP=MatcherKind(_CLIENT_IP, _each(_source), (arguments.subnet,)),
    Header=MatcherKind("Header(`X-Name`, `value`)", _headers(Comparison.EXACT), (_TEXT,), 2, 2),
    HeaderRegexp=MatcherKind("HeaderRegexp(`X-Name`, `^[a-z]+$`)", _headers(Comparison.REGEX), (_TEXT, _PATTERN), 2, 2),
    Host=MatcherKind("Host(`shop.example.org`)", _each(_host), (arguments.ascii_host,)),
    HostRegexp=MatcherKind(
        r"HostRegexp(`^[a-z]+\.example\.org$`)",
        _of(Subject.HOST, Comparison.REGEX),
        (arguments.ascii_pattern,),
    ),
    Method=MatcherKind("Method(`GET`)", _each(_method), (_TEXT,)),
    Path=MatcherKind("Path(`/cart`)", _each(_path), (arguments.path,)),
    PathPrefix=MatcherKind("PathPrefix(`/api`)", _each(_path_prefix), (arguments.path,)),
    PathRegexp=MatcherKind("PathRegexp(`^/v[0-9]+/`)", _of(Subject.PATH, Comparison.REGEX), (_PATTERN,)),
    Query=MatcherKind("Query(`name`, `value`)", _query, (_TEXT,), 1, 2),
    QueryRegexp=MatcherKind("QueryRegexp(`name`, `^[a-z]+$`)", _query_regexp, (_TEXT, _PATTERN), 1, 2),
)
HTTP_V2 = _grammar(
    "HTTP rules in the v2 syntax",
    ClientIP=MatcherKind(_CLIENT_IP, _each(_source), (arguments.subnet,), most=None),
    Headers=MatcherKind("Headers(`X-Name`, `value`)", _headers(Comparison.EXACT), (_TEXT,), 2, None),
    HeadersRegexp=MatcherKind(
        "HeadersRegexp(`X-Name`, `^[a-z]+$`)", _headers(Comparison.REGEX), (_TEXT, _PATTERN), 2, None
    ),
    Host=MatcherKind("Host(`shop.example.org`)", _each(_host_v2), (arguments.ascii_host,), most=None),
    HostHeader=MatcherKind("HostHeader(`shop.example.org`)", _each(_host_v2), (arguments.ascii_host,), most=None),
    HostRegexp=MatcherKind(
        "HostRegexp(`{label:[a-z]+}.example.org`)", _template(Subject.HOST), (arguments.host_template,), most=None
    ),
    Method=MatcherKind("Method(`GET`)", _each(_method), (_TEXT,), most=None),
    Path=MatcherKind("Path(`/cart`)", _each(_path_v2), (arguments.path_template,), most=None),
    PathPrefix=MatcherKind("PathPrefix(`/api`)", _each(_path_prefix_v2), (arguments.path_template,), most=None),
    Query=MatcherKind("Query(`name=value`)", _query_v2, (_TEXT,), most=None, check_together=_check_query_v2),
)
TCP_V3 = _grammar(
    "TCP rules",
    ALPN=MatcherKind("ALPN(`h2`)", _of(Subject.ALPN, Comparison.EXACT), (arguments.protocol,)),
    ClientIP=MatcherKind(_CLIENT_IP, _each(_source), (arguments.subnet,)),
    HostSNI=MatcherKind("HostSNI(`db.example.org`)", _server_names, (arguments.server_name,)),
    HostSNIRegexp=MatcherKind(
        r"HostSNIRegexp(`^[a-z]+\.example\.org$`)",
        _of(Subject.SERVER_NAME, Comparison.REGEX),
        (arguments.ascii_pattern,),
    ),
)
TCP_V2 = _grammar(
    "TCP rules in the v2 syntax",
    ALPN=MatcherKind("ALPN(`h2`)", _of(Subject.ALPN, Comparison.EXACT), (arguments.protocol,), most=None),
    ClientIP=MatcherKind(_CLIENT_IP, _each(_source), (arguments.subnet,), most=None),
    HostSNI=MatcherKind("HostSNI(`db.example.org`)", _server_names, (arguments.server_name_v2,), most=None),
    HostSNIRegexp=MatcherKind(
        "HostSNIRegexp(`{label:[a-z]+}.example.org`)",
        _template(Subject.SERVER_NAME),
        (templates.problem,),
        most=None,
    ),
)
GRAMMARS = (HTTP_V3, HTTP_V2, TCP_V3, TCP_V2)
