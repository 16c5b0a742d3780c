from __future__ import annotations

from tests.flow.edge.building import http, mesh
from tulle.flow.edge.trusting import CERTIFICATES, trust
from tulle.model.names import Name


def test_authorities_that_are_text_are_secrets() -> None:
    options = "clientAuth: {clientAuthType: RequireAndVerifyClientCert, caFiles: ['-----BEGIN a']}"
    found = mesh(
        http(
            "a: {rule: Host(`a.test`), service: s, tls: {options: o}}\n    b: {rule: Host(`b.test`), service: s, "
            "tls: {options: p}}",
            f"\ntls: {{options: {{o: {{{options}}}, p: {{{options.replace('-----BEGIN a', '/a.pem')}}}}}}}",
        )
    )
    by_text = found.listeners[Name("@static", "web|tls|o.@file")].client_trust
    by_file = found.listeners[Name("@static", "web|tls|p.@file")].client_trust
    assert by_text is not None and by_file is not None
    (name,) = by_text.secrets
    assert name.namespace == CERTIFICATES
    assert dict(found.secrets[name].data) == {"ca.crt": b"-----BEGIN a"}
    assert (by_file.ca_file, by_file.secrets) == ("/a.pem", ())
    assert trust(None) is None
