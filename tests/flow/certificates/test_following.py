from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flow.certificates.making import pair
from tests.flow.edge.building import http, mesh
from tulle.flow.certificates.following import follow, impossible
from tulle.model.mesh import Mesh

TEXT = http(
    "a: {rule: Host(`a.test`), service: s, tls: {certResolver: le}}",
    "\ncertificatesResolvers: {le: {acme: {tlsChallenge: {}}}}\n",
)


class Told:
    def __init__(self) -> None:
        self.given: list[tuple[Any, Any, Any]] = []

    def follow(self, resolvers: Any, wanted: Any, provided: Any) -> None:
        self.given.append((dict(resolvers), tuple(wanted), tuple(provided)))


def test_routers_want_certificates_of_resolvers() -> None:
    told = Told()
    follow(told, mesh(TEXT))  # type: ignore[arg-type]
    follow(told, Mesh())  # type: ignore[arg-type]
    (resolvers, (wanted,), provided), nothing = told.given
    assert list(resolvers) == ["le"]
    assert (wanted.resolver, wanted.domains) == ("le", ("a.test",))
    assert (provided, nothing) == ((), ({}, (), ()))


def test_what_can_never_be_obtained() -> None:
    text = http(
        "a: {rule: Host(`a.test`), service: s, tls: {certResolver: other}}",
        "\ncertificatesResolvers: {le: {acme: {dnsChallenge: {provider: cloudflare}}}, dns: {acme: "
        "{dnsChallenge: {provider: rfc2136}}}, none: {acme: {}}}\n",
    )
    found = sorted(each.message for each in impossible(mesh(text)))
    assert [each[:50] for each in found] == [
        'resolver "none" has no challenge, so it gets no ce',
        'there is no DNS provider "cloudflare"; there are d',
        'there is no certificate resolver "other"',
    ]
    assert impossible(mesh(TEXT)) == ()


def test_certificates_of_documents_need_no_resolver(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text(pair("A.test")[0])
    files = f"\ntls: {{certificates: [{{certFile: {tmp_path}/a.pem, keyFile: {tmp_path}/a.key}}]}}"
    told = Told()
    follow(told, mesh(TEXT + files))  # type: ignore[arg-type]
    follow(told, mesh(TEXT.replace("certResolver: le", "") + files))  # type: ignore[arg-type]
    assert [provided for _, _, provided in told.given] == [("a.test",), ()]
