from __future__ import annotations

import pytest

from tests.dialects.native.texts import Read, messages, route

LABEL = (
    "must be a name of lower-case letters, digits and -, at most 63, that begins and ends with a letter or digit, not "
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeout: soon", ': "timeout" must be a duration such as 500ms, 2s or 1m, not "soon"'),
        ("timeout: -1", ': "timeout" must be a duration such as 500ms, 2s or 1m, not -1'),
        ("timeout: true", ': "timeout" must be a duration such as 500ms, 2s or 1m, not true'),
        ("timeout: [1]", ': "timeout" must be a duration such as 500ms, 2s or 1m, not a list'),
        (
            "timeout: " + "9" * 70,
            ': "timeout" must be a duration such as 500ms, 2s or 1m, not "' + "9" * 57 + '..."',
        ),
        ("fault: {delay: 0s}", ': "fault.delay" must be longer than 0'),
        (
            "namespace: Shop",
            ': "namespace" LABEL"Shop"',
        ),
        ("host: a b", ': "host" must be a host name such as shop.example.org, *.example.org or *, not "a b"'),
        ("host: 5", ': "host" must be a host name such as shop.example.org, *.example.org or *, not 5'),
        ("path: {regex: 5}", ': "path.regex" must be a regular expression, not 5'),
        ("path: {regex: '(a)\\1'}", ': "path.regex" is a regular expression with \\1, which RE2 does not know'),
        (
            "path: {regex: '['}",
            ': "path.regex" is not a regular expression (RE2): missing ]: [',
        ),
        ("headers: {'a b': x}", ': "headers.a b" must be the name of a header, not "a b"'),
        ("methods: 'GE T'", ': "methods[0]" must be an HTTP method such as GET, not "GE T"'),
        ("methods: {a: b}", ': "methods[0]" must be an HTTP method such as GET, not a mapping'),
        ("path: ''", ': "path" is an empty path; write / for every path'),
        ("path: {exact: ''}", ': "path.exact" is an empty path; write / for every path'),
        ("path: cart", ': "path.prefix" must be a path that begins with /, not "cart"'),
        ("path: {exact: 5}", ': "path.exact" must be a path, not 5'),
        ("path: '/a?b=c'", ': "path.prefix" must be a path without query, fragment and spaces, not "/a?b=c"'),
        (
            "headers: {a: {exact: 1.50}}",
            ': "headers.a.exact" must be in quotes, as numbers with a point lose digits: 1.5',
        ),
        ("headers: {a: {prefix: [x]}}", ': "headers.a.prefix" must be text, not a list'),
        ("mirror: {to: web, percent: 101}", ': "mirror[0].percent" must be a percentage from 0 to 100, not 101'),
        ("mirror: {to: web, percent: many}", ': "mirror[0].percent" must be a percentage from 0 to 100, not "many"'),
        (
            "listeners: [a, 5]",
            ': "listeners[1]" LABEL5',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, route(text)) == [f"route r{message}".replace("LABEL", LABEL)]


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("2s", 2), ("1m", 60), ("1.5h", 5400), ("1d", 86400), ("7", 7), (".5s", 0.5)]
)
def test_durations(read: Read, text: str, seconds: float) -> None:
    from tulle.model.routes import Forward

    (found,) = read(route(f"timeout: {text}")).routes
    action = found.rules[0].action
    assert isinstance(action, Forward) and action.timeout == seconds


def test_lists_that_must_be_lists(read: Read) -> None:
    text = "gateway: {listeners: {a: {port: 1, tls: {certificate: c, key: k, certificates: c}}}}"
    assert messages(read, text) == ['listener a: "tls.certificates" must be a list, not "c"; write [c]']


def test_a_list_may_not_be_nothing(read: Read) -> None:
    assert messages(read, route("methods:")) == ['route r: "methods" must be a list, not nothing']


def test_files_and_ports_and_weights(read: Read) -> None:
    text = "gateway: {listeners: {a: {port: true, tls: {certificate: '', key: 5}}}}"
    assert messages(read, text) == [
        'listener a: "port" must be a port number from 1 to 65535, not true',
        'listener a: "tls.certificate" must be the path of a file, not ""',
        'listener a: "tls.key" must be the path of a file, not 5',
    ]
    assert messages(read, "routes: [{name: r, weights: {web: -1}}]") == [
        'route r: "weights.web" must be a whole number from 0 to 1000000, not -1'
    ]


def test_an_empty_value_is_empty_text(read: Read) -> None:
    (workload,) = read(service("env: {A: }")).workloads
    assert workload.environment == (("A", ""),)


def service(text: str) -> str:
    return f"services: {{web: {{command: web, {text}}}}}"


@pytest.mark.parametrize(
    ("text", "says"), [("1000000001s", "must be at most 1000000000 s"), ("0.0001s", "at least 1ms")]
)
def test_durations_are_such_that_everybody_can_hold(read: Read, text: str, says: str) -> None:
    (message,) = messages(read, route(f"timeout: {text}"))
    assert says in message


def test_patterns_are_those_of_re2(read: Read) -> None:
    assert messages(read, route(r"path: {regex: '/\pL+(?i)b\z'}")) == []
    (message,) = messages(read, route("path: {regex: '/a{1001}'}"))
    assert "invalid repetition size" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("client_keys: x", '"tls.client_keys[0]" must be the SHA-256 of a public key in base64'),
        ("client_hashes: x", '"tls.client_hashes[0]" must be the SHA-256 of a certificate'),
        ("ciphers: x", '"tls.ciphers[0]" must be a cipher such as'),
    ],
)  # fmt: skip
def test_parts_of_tls_are_such_that_envoy_knows(read: Read, text: str, message: str) -> None:
    found = read(f"gateway: {{listeners: {{a: {{port: 1, tls: {{secret: s, client_ca: c, {text}}}}}}}}}")
    (finding,) = found.findings
    assert finding.message.startswith(f"listener a: {message}")


def test_headers_say_no_more_than_servers_take(read: Read) -> None:
    (message,) = messages(read, route(f"request_headers: {{set: {{x: {'a' * 8001}}}}}"))
    assert "must be at most 8000 bytes, not 8001" in message


def test_methods_fit_into_one_pattern(read: Read) -> None:
    assert messages(read, route("methods: [GET, POST]")) == []
    (message,) = messages(read, route(f"methods: [{', '.join(['GET'] * 501)}]"))
    assert message.endswith('"methods" are too many for one rule')
    (message,) = messages(read, route(f"methods: {'X' * 65}"))
    assert "must be an HTTP method" in message
