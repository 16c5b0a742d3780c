from __future__ import annotations

from tulle.flow.certificates.wishes import wishes
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.resolvers import WantedCertificate
from tulle.model.routers import CertificateNames, Router, RouterTls
from tulle.model.routes import RouteKind

HERE = Origin("file", "routers.yml")


def wanted(*named: str, tls: RouterTls | None) -> list[tuple[str, ...]]:
    router = Router(name=Name("@file", "web"), origin=HERE, kind=RouteKind.HTTP, named=named)
    found = wishes([(router, tls)])
    assert all((each.resolver, each.origin) == ("le", HERE) for each in found)
    return [each.domains for each in found]


def test_hosts_of_a_rule_share_a_certificate() -> None:
    assert wanted("A.example", "b.example", tls=RouterTls(resolver="le")) == [("a.example", "b.example")]
    assert wanted("*", tls=RouterTls(resolver="le")) == [()], "which is said where it is planned"


def test_what_a_router_says_itself_counts_instead() -> None:
    domains = (
        CertificateNames(main="*.c.example", others=("c.example",)),
        CertificateNames(main="x.c.example"),
        CertificateNames(main="d.example"),
    )
    found = wanted("a.example", tls=RouterTls(resolver="le", domains=domains))
    assert found == [("*.c.example", "c.example"), ("d.example",)]


def test_routers_without_a_resolver_want_nothing() -> None:
    for tls in (None, RouterTls(), RouterTls(resolver="le", is_passed=True)):
        assert wanted("a.example", tls=tls) == []


def test_what_several_routers_want_is_wanted_once() -> None:
    routers = [
        Router(name=Name("@file", name), origin=HERE, kind=RouteKind.HTTP, named=("a.example",)) for name in "ab"
    ]
    found = wishes((router, RouterTls(resolver="le")) for router in routers)
    assert found == (WantedCertificate(resolver="le", domains=("a.example",)),)
