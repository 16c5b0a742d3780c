from __future__ import annotations

import pytest

from tests.dialects.traefik.reading import only, read, wrong
from tulle.dialects.traefik.alternatives import MOST
from tulle.model.routers import Reading


def test_hosts_that_cannot_be_counted_up() -> None:
    router = only("http: {routers: {a: {rule: 'Host(`a.test`) || Host(`*.b.test`) || !Host(`c.test`)', service: s}}}")
    assert router.hosts is None
    assert router.named == ("a.test", "*.b.test")


def test_too_many_alternatives() -> None:
    rule = " && ".join(f"(Header(`y`, `{i}`) || Header(`x`, `{i}`))" for i in range(8))
    objects, findings = read(f"http: {{routers: {{a: {{rule: '{rule}', service: s}}}}}}")
    assert objects == []
    assert findings == [
        f'1: router a: "rule" has more than {MOST} alternatives, multiplied out; make several routers of it'
    ]


def test_without_a_rule_everything_is_meant() -> None:
    router = only("http: {routers: {a: {parentRefs: [p], service: s}}}")
    assert router.alternatives == ((),)
    assert router.hosts is None


def test_a_rule_that_means_the_same_in_both_versions_has_one_reading() -> None:
    router = only("http: {routers: {a: {rule: 'Host(`a.test`) && Path(`/a`)', service: s}}}")
    assert (router.problem, router.older) == (None, None)


@pytest.mark.parametrize("syntax", ["v2", "v3"])
def test_a_rule_of_a_version_that_is_said_has_one_reading(syntax: str) -> None:
    router = only(f"http: {{routers: {{a: {{rule: 'Path(`/{{id}}`)', ruleSyntax: {syntax}, service: s}}}}}}")
    assert router.older is None


def test_a_rule_that_means_something_else_in_version_2() -> None:
    router = only("http: {routers: {a: {rule: 'Host(`a.test`) && Path(`/{id}`)', service: s}}}")
    assert router.problem is None
    assert isinstance(router.older, Reading)
    assert router.older.alternatives != router.alternatives
    assert router.older.hosts == ("a.test",)


def test_a_rule_that_means_something_in_one_version_only() -> None:
    router = only("\nhttp:\n  routers:\n    a: {rule: 'Host(`a.test`, `b.test`)', service: s}")
    assert (router.problem.origin.line, router.problem.message) == (
        4,
        'router a: "rule" is no rule: column 1: "Host" cannot have 2 arguments; write Host(`a.test`) || Host(`b.test`)',
    )
    assert router.older.hosts == ("a.test", "b.test")
    assert router.older.problem is None
    router = only("http: {routers: {a: {rule: 'Query(`a`)', service: s}}}")
    assert router.problem is None
    assert router.older.problem.message.startswith('router a: "rule" is no rule')


def test_server_names_need_tls_in_every_version() -> None:
    message = 'TCP router a: "rule" asks for a server name, which only connections with TLS have; write tls: {}'
    assert wrong("tcp: {routers: {a: {rule: 'HostSNI(`a.test`)', service: s}}}") == [f"1: {message}"]
