"""Rules and calls made up at random, of few words, so that they often meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tests.dialects.traefik.evaluating import Call
from tulle.dialects.traefik.expressions import And, Expression, Matcher, Not, Or
from tulle.dialects.traefik.matchers import HTTP_V2, HTTP_V3, TCP_V2, TCP_V3, Grammar

HOSTS = ["a.test", "B.test", "a.test.", "x.a.test", "::1"]
HOST_TEMPLATES = ["{l}.test", "{l:a|b}.test", "a.test", "{l:[a-z]+}.{m}.test", "{l:(?:x)}.a.test"]
HOST_PATTERNS = [r"^a\.", "test$", "^[a-z]+$", "(?i)A", "."]
PATHS = ["/", "/a", "/a/b", "/b", "/a b", "/ü", "/a%2Fb"]
PATH_TEMPLATES = [*PATHS, "/{x}", "/a/{x:[a-z]+}", "/{x:a|b}/b", "/{x:.*}"]
METHODS = ["GET", "post", "PUT"]
NAMES, VALUES = ["x", "Y-Name", "z"], ["a", "b", "ab", "a, b"]
PATTERNS = ["a", "^a$", "b|c", "[^a]", "x*"]
SUBNETS = ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "::1", "::ffff:127.0.0.2"]
PROTOCOLS = ["h2", "http/1.1", "postgresql"]

One = Mapping[str, Sequence[Sequence[str]]]
"""For each matcher, what its arguments are taken from in turn."""
ARGUMENTS: Mapping[str, One] = {
    HTTP_V3.title: {
        "ClientIP": [SUBNETS],
        "Header": [NAMES, VALUES],
        "HeaderRegexp": [NAMES, PATTERNS],
        "Host": [[*HOSTS, "*.test", "*.a.test", "*"]],
        "HostRegexp": [HOST_PATTERNS],
        "Method": [METHODS],
        "Path": [PATHS],
        "PathPrefix": [PATHS],
        "PathRegexp": [["^/a", "b$", "/[a-z]/", "ü"]],
        "Query": [NAMES, VALUES],
        "QueryRegexp": [NAMES, PATTERNS],
    },
    HTTP_V2.title: {
        "ClientIP": [SUBNETS],
        "Headers": [NAMES, VALUES],
        "HeadersRegexp": [NAMES, PATTERNS],
        "Host": [HOSTS],
        "HostHeader": [HOSTS],
        "HostRegexp": [HOST_TEMPLATES],
        "Method": [METHODS],
        "Path": [PATH_TEMPLATES],
        "PathPrefix": [PATH_TEMPLATES],
        "Query": [["x=a", "x=b", "z=ab", "x="]],
    },
    TCP_V3.title: {
        "ALPN": [PROTOCOLS],
        "ClientIP": [SUBNETS],
        "HostSNI": [["a.test", "B.test", "*.test", "a.test.", "*"]],
        "HostSNIRegexp": [HOST_PATTERNS],
    },
    TCP_V2.title: {
        "ALPN": [PROTOCOLS],
        "ClientIP": [SUBNETS],
        "HostSNI": [["a.test", "B.test", "a.test.", "*"]],
        "HostSNIRegexp": [HOST_TEMPLATES],
    },
}
PIECES = [
    "(",
    ")",
    "!",
    "&&",
    "||",
    "`",
    '"',
    ",",
    "\\",
    "\n",
    " ",
    "Host",
    "Path",
    "`/a`",
    '"\\x61"',
    "//",
    "/*",
    "*/",
]


def expression(random: Random, grammar: Grammar, depth: int = 3) -> Expression:
    """A rule that the grammar allows."""
    kind = random.randrange(6) if depth else 0
    if kind < 3:
        return matcher(random, grammar)
    if kind == 3:
        return Not(expression(random, grammar, depth - 1))
    operands = tuple(expression(random, grammar, depth - 1) for _ in range(random.randrange(2, 4)))
    return And(operands) if kind == 4 else Or(operands)


def matcher(random: Random, grammar: Grammar) -> Matcher:
    """A matcher with arguments that are right."""
    name = random.choice(sorted(grammar.kinds))
    sources = ARGUMENTS[grammar.title][name]
    times = random.randrange(1, 4) if grammar.kinds[name].most is None else 1
    return Matcher(name, tuple(random.choice(source) for _ in range(times) for source in sources))


def call(random: Random) -> Call:
    """A request, or a connection."""
    query = "&".join(
        f"{random.choice(NAMES)}={random.choice(['a', 'b', 'ab', 'c', ''])}" for _ in range(random.randrange(3))
    )
    return Call(
        host=random.choice(["a.test", "A.Test:80", "b.test", "a.test.", "x.a.test", "y.x.a.test", "[::1]:80", "other"]),
        target=random.choice(["/", "/a", "/a/b", "/b/b", "/ab", "/a%20b", "/%c3%bc", "/a%2fb"])
        + f"?{query}" * bool(query),
        method=random.choice(["GET", "POST", "PUT"]),
        headers=tuple((random.choice(NAMES).upper(), random.choice(VALUES)) for _ in range(random.randrange(3))),
        source=random.choice(["127.0.0.1", "127.0.0.2", "10.0.0.1", "::1"]),
        server_name=random.choice(["", "a.test", "b.test", "x.a.test"]),
        protocols=tuple(random.sample(PROTOCOLS, random.randrange(3))),
    )


def spoilt(random: Random, text: str) -> str:
    """A rule with something put in or taken out somewhere."""
    at, until = sorted(random.randrange(len(text) + 1) for _ in range(2))
    return text[:at] + random.choice(PIECES) + text[random.choice([at, until]) :]
