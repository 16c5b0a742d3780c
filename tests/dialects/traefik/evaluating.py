"""Rules of Traefik as Traefik evaluates them, one matcher after the other: written without a look at the conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qsl

import re2

from tulle.dialects.traefik.conditions import Every, Formula, Some, fits
from tulle.dialects.traefik.expressions import And, Expression, Matcher, Not, Or
from tulle.dialects.traefik.matchers import HTTP_V2, HTTP_V3, TCP_V2, TCP_V3, Grammar
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject

RESERVED = b":/?#[]@!$&'()*+,;=%"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, or a connection: as it is on the wire, and what follows from that."""

    host: str = "a.test"
    target: str = "/"
    method: str = "GET"
    headers: Pairs = ()
    source: str = "127.0.0.1"
    server_name: str = ""
    protocols: tuple[str, ...] = ()

    @property
    def canonical_host(self) -> str:
        """In lower case, without port and brackets."""
        host = self.host.lower()
        if host.startswith("["):
            return host[1:].partition("]")[0]
        return host.partition(":")[0]

    @property
    def path(self) -> str:
        """Without the query, unescaped but for what is reserved."""
        first, *escaped = self.target.partition("?")[0].split("%")
        plain = first.encode()
        for part in escaped:
            byte = bytes.fromhex(part[:2])
            plain += (f"%{part[:2].upper()}".encode() if byte in RESERVED else byte) + part[2:].encode()
        return plain.decode()

    @property
    def query(self) -> Pairs:
        """The parameters in their order."""
        query = self.target.partition("?")[2].replace(";", "&")
        return tuple(parse_qsl(query, keep_blank_values=True))


def evaluate(expression: Expression, call: Call, grammar: Grammar) -> bool:
    """Whether a rule matches."""
    match expression:
        case Matcher(name, arguments):
            return TABLES[grammar.title][name](call, *arguments)
        case Not(operand):
            return not evaluate(operand, call, grammar)
        case And(operands):
            return all(evaluate(each, call, grammar) for each in operands)
        case Or(operands):
            return any(evaluate(each, call, grammar) for each in operands)


def _host(call: Call, host: str) -> bool:
    asked, wanted = call.canonical_host.removesuffix("."), host.lower().removesuffix(".")
    if wanted.startswith("*."):
        return asked.split(".")[1:] == wanted.split(".")[1:]
    return wanted == "*" or asked == wanted


def _hosts(call: Call, *hosts: str) -> bool:
    return any(call.canonical_host.removesuffix(".") == host.lower().removesuffix(".") for host in hosts)


def _source(call: Call, *subnets: str) -> bool:
    plain = [subnet.removeprefix("::ffff:") for subnet in subnets]
    return any(ip_address(call.source) in ip_network(each, strict=False) for each in plain)


def _values(pairs: Pairs, name: str) -> list[str]:
    return [value for each, value in pairs if each == name]


def _header_values(call: Call, name: str) -> list[str]:
    return [value for each, value in call.headers if each.lower() == name.lower()]


def _header(call: Call, *pairs: str) -> bool:
    wanted = dict(zip(pairs[::2], pairs[1::2], strict=True)).items()
    return all(value in _header_values(call, name) for name, value in wanted)


def _header_regexp(call: Call, *pairs: str) -> bool:
    wanted = dict(zip(pairs[::2], pairs[1::2], strict=True)).items()
    return all(any(re2.search(value, each) for each in _header_values(call, name)) for name, value in wanted)


def _query(call: Call, name: str, value: str = "") -> bool:
    return value in _values(call.query, name)


def _query_regexp(call: Call, name: str, *patterns: str) -> bool:
    if not patterns:
        return _query(call, name)
    return any(re2.search(patterns[0], value) for value in _values(call.query, name))


def _template(template: str, default: str) -> str:
    """As regular expression; variables in tests have no braces within."""
    pattern = ""
    for part in template.replace("{", "\0{").replace("}", "\0").split("\0"):
        if part.startswith("{"):
            pattern += f"({part.partition(':')[2] or default})"
        else:
            pattern += re2.escape(part)
    return pattern


def _query_v2(call: Call, *pairs: str) -> bool:
    for pair in pairs:
        name, _, template = pair.partition("=")
        values = _values(call.query, name)
        if not values or not re2.fullmatch(_template(template, ".*") or ".*", values[0]):
            return False
    return True


def _server_name(call: Call, *names: str) -> bool:
    for name in names:
        wanted = name.lower().removesuffix(".")
        if name == "*":
            fits = name == names[0] or bool(call.server_name)
        elif wanted.startswith("*."):
            fits = call.server_name.split(".")[1:] == wanted.split(".")[1:]
        else:
            fits = call.server_name == wanted
        if fits:
            return True
    return False


Table = Mapping[str, Callable[..., bool]]
_V3: Table = {
    "ClientIP": _source,
    "Header": _header,
    "HeaderRegexp": _header_regexp,
    "Host": _host,
    "HostRegexp": lambda call, pattern: bool(re2.search(pattern, call.canonical_host)),
    "Method": lambda call, method: call.method == method.upper(),
    "Path": lambda call, path: call.path == path,
    "PathPrefix": lambda call, path: call.path.startswith(path),
    "PathRegexp": lambda call, pattern: bool(re2.search(pattern, call.path)),
    "Query": _query,
    "QueryRegexp": _query_regexp,
}
_V2: Table = {
    "ClientIP": _source,
    "Headers": _header,
    "HeadersRegexp": _header_regexp,
    "Host": _hosts,
    "HostHeader": _hosts,
    "HostRegexp": lambda call, *templates: any(
        re2.fullmatch(f"(?i){_template(each, '[^.]+')}", call.canonical_host) for each in templates
    ),
    "Method": lambda call, *methods: call.method in map(str.upper, methods),
    "Path": lambda call, *paths: any(re2.fullmatch(_template(each, "[^/]+"), call.path) for each in paths),
    "PathPrefix": lambda call, *paths: any(re2.match(_template(each, "[^/]+"), call.path) for each in paths),
    "Query": _query_v2,
}
_TCP: Table = {
    "ALPN": lambda call, *protocols: any(each in call.protocols for each in protocols),
    "ClientIP": _source,
    "HostSNI": _server_name,
    "HostSNIRegexp": lambda call, pattern: bool(re2.search(pattern, call.server_name)),
}
_TCP_V2: Table = {
    **_TCP,
    "HostSNIRegexp": lambda call, *templates: any(
        re2.fullmatch(f"(?i){_template(each, '[^.]+')}", call.server_name) for each in templates
    ),
}
TABLES: Mapping[str, Table] = {HTTP_V3.title: _V3, HTTP_V2.title: _V2, TCP_V3.title: _TCP, TCP_V2.title: _TCP_V2}


def holds(formula: Formula, call: Call) -> bool:
    """Whether what a rule asks is so."""
    match formula:
        case Condition():
            return _answer(formula, call) is not formula.is_negated
        case Every(parts):
            return all(holds(part, call) for part in parts)
        case Some(parts):
            return any(holds(part, call) for part in parts)


def any_holds(alternatives: tuple[Conjunction, ...], call: Call) -> bool:
    """Whether all conditions of any alternative hold."""
    return any(all(holds(condition, call) for condition in each) for each in alternatives)


def _answer(condition: Condition, call: Call) -> bool:
    if condition.comparison is Comparison.SUBNET:
        return ip_address(call.source) in ip_network(condition.value)
    return any(fits(condition, text) for text in _texts(condition, call))


def _texts(condition: Condition, call: Call) -> list[str]:
    match condition.subject:
        case Subject.HOST:
            return [call.canonical_host]
        case Subject.PATH:
            return [call.path]
        case Subject.METHOD:
            return [call.method]
        case Subject.HEADER:
            return _header_values(call, condition.name)
        case Subject.QUERY:
            return _values(call.query, condition.name)
        case Subject.FIRST_QUERY:
            return _values(call.query, condition.name)[:1]
        case Subject.SERVER_NAME:
            return [call.server_name]
        case _:
            return list(call.protocols)
