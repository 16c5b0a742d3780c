from __future__ import annotations

import pytest

from tests.dialects.traefik.reading import only, read, wrong
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.names import Name
from tulle.model.observing import Told
from tulle.model.routers import CertificateNames, Reference, RouterTls
from tulle.model.routes import RouteKind


def test_what_is_usual() -> None:
    router = only("http: {routers: {a: {rule: 'Host(`a.test`) && Path(`/é`)', service: s}}}")
    assert router.kind is RouteKind.HTTP
    assert router.priority == len("Host(`a.test`) && Path(`/é`)".encode())
    assert router.hosts == router.named == ("a.test",)
    host, path = Subject.HOST, Subject.PATH
    assert router.alternatives == (
        (Condition(host, Comparison.EXACT, "a.test"), Condition(path, Comparison.EXACT, "/é")),
    )
    assert (router.entry_points, router.steps, router.parents, router.tls) == ((), (), (), None)


def test_every_option() -> None:
    router = only("""
http:
  routers:
    a:
      rule: Host(`a.test`, `b.test`)
      ruleSyntax: v2
      priority: 7
      parentRefs: [p]
      tls:
        options: modern@docker
        certResolver: le
        domains: [{main: a.test, sans: b.test}]
""")
    assert router.service is None
    assert (router.priority, router.hosts) == (7, ("a.test", "b.test"))
    assert router.parents == (Reference(Name("@file", "p")),)
    assert router.tls == RouterTls(
        options=Reference(Name("@docker", "modern")),
        resolver="le",
        domains=(CertificateNames(main="a.test", others=("b.test",)),),
    )


@pytest.mark.parametrize("written", ["tls: {}", "tls: true", 'tls: "true"', "tls: {options: default}"])
def test_tls_may_say_nothing(written: str) -> None:
    router = only(f"http: {{routers: {{a: {{rule: 'Path(`/`)', service: s, {written}}}}}}}")
    assert router.tls == RouterTls()


def test_mistakes() -> None:
    assert wrong("""
http:
  routers:
    a: {service: s}
    b: {rule: Path(`/`), service: s, priority: 9223372036854775000}
    c: {rule: Hots(`x`), service: s}
    d: {rule: Path(`/`), sevice: s}
""") == [
        '4: router a: "rule" is missing; write for which requests it is',
        '5: router b: "priority" must be at most 9223372036854774807',
        '6: router c: "rule" is no rule: column 1: "Hots" is no matcher of HTTP rules; did you mean "Host"?',
        '7: router d: unknown field "sevice"; did you mean "service"?',
    ]


def test_what_is_told_of_requests() -> None:
    text = "http: {routers: {a: {rule: Path(`/`), service: s, observability: {accessLogs: false, tracing: false}}}}"
    (router,), findings = read(text)
    assert router.told == Told(is_logged=False, is_traced=False)
    assert findings == ['1 warning: router a: "observability.tracing" has no effect at routers; say it at entry points']
