from __future__ import annotations

import pytest

from tests.dialects.native.texts import Read, messages, route


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retries: {attempts: 101}", ': "retries.attempts" must be at most 100, not 101'),
        ("fault: {percent: 5}", ': "fault" needs delay or abort'),
        ("fault: {abort: 99}", ': "fault.abort" must be a status code from 200 to 599, not 99'),
        (
            "rate_limit: 5/week",
            ': "rate_limit" must be a rate such as 100/s, or a mapping with requests and per, not "5/week"',
        ),
        ("rate_limit: 0", ': "rate_limit.requests" must be at least 1, not 0'),
        ("rewrite: {prefix: /a, path: /b}", ': "rewrite" takes only one of prefix, path, regex'),
        ("redirect: {status: 300}", ': "redirect.status" must be one of 301, 302, 303, 307, 308, not 300'),
        ("redirect: {}", ': "redirect" needs at least one of scheme, host, port, path, prefix'),
        ("redirect: {path: /a, prefix: /b}", ': "redirect" takes only one of path, prefix'),
        ("redirect: {port: 1, port_from: scheme}", ': "redirect" takes only one of port, port_from'),
        (
            "redirect: {scheme: htps}",
            ': "redirect.scheme" must be one of http, https, not "htps"; did you mean "https"?',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, route(text)) == [f"route r{message}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load_balancing: maglev", '"load_balancing" with maglev needs hash_on'),
        (
            "load_balancing: {hash_on: {source_ip: true}}",
            '"load_balancing" takes hash_on only with ring_hash or maglev',
        ),
        (
            "load_balancing: {balance: ring_hash, hash_on: {header: a, query: b}}",
            '"load_balancing.hash_on" takes exactly one of header, cookie, query, source_ip',
        ),
        ("circuit_breaker: {max_requests: -1}", '"circuit_breaker.max_requests" must be at least 0, not -1'),
        ("outlier_detection: 5", '"outlier_detection" must be a mapping, not 5'),
        ("health_check: {interval: 0}", '"health_check.interval" must be longer than 0'),
    ],
)
def test_mistakes_in_policies(read: Read, text: str, message: str) -> None:
    assert messages(read, f"services: {{web: {{port: 1, command: x, {text}}}}}") == [f"service web: {message}"]


@pytest.mark.parametrize(("word", "hint"), [("5x", '; did you mean "5xx"?'), ("true", ""), ("99", ""), ("zzz", "")])
def test_unknown_conditions_of_a_retry(read: Read, word: str, hint: str) -> None:
    (message,) = messages(read, route(f"retries: {{on: {word}}}"))
    assert message.startswith('route r: "retries.on[0]" must be a status code or one of 5xx, gateway-error,')
    assert message.endswith(hint)
