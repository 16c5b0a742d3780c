from __future__ import annotations

from typing import Any

from tests.flow.edge.building import http, mesh
from tulle.flow.certificates.following import follow
from tulle.model.mesh import Mesh

TEXT = http(
    "a: {rule: Host(`a.test`), service: s, tls: {certResolver: le}}",
    "\ncertificatesResolvers: {le: {acme: {tlsChallenge: {}}}}\n",
)


class Told:
    def __init__(self) -> None:
        self.given: list[tuple[Any, Any]] = []

    def follow(self, resolvers: Any, wanted: Any) -> None:
        self.given.append((dict(resolvers), tuple(wanted)))


def test_routers_want_certificates_of_resolvers() -> None:
    told = Told()
    follow(told, mesh(TEXT))  # type: ignore[arg-type]
    follow(told, Mesh())  # type: ignore[arg-type]
    (resolvers, (wanted,)), nothing = told.given
    assert list(resolvers) == ["le"]
    assert (wanted.resolver, wanted.domains) == ("le", ("a.test",))
    assert nothing == ({}, ())
