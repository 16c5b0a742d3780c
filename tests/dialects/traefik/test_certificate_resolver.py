from __future__ import annotations

import pytest

from tulle.dialects.traefik.dialect import DIALECT
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name
from tulle.model.resolvers import (
    LETS_ENCRYPT,
    CertificateResolver,
    DnsChallenge,
    ExternalAccount,
    HttpChallenge,
    KeyType,
    Resolver,
    Server,
    TlsChallenge,
)

HOUR = 3600.0


def read(text: str) -> tuple[list[Resolver], list[str]]:
    """Resolvers, and findings with their lines."""
    data = parse(text)
    assert isinstance(data, LocatedMap)
    origin = Origin("file", "traefik.yml", Anchor(1))
    document = Document(origin, Key("file", Name("", "traefik.yml")), data, folder="/etc/traefik")
    parts, around = DIALECT.split(document, {})
    fragments = [DIALECT.read(part) for part in parts]
    resolvers = []
    for fragment in fragments:
        for each in fragment.objects:
            assert isinstance(each, CertificateResolver)
            assert each.name == Name("@static", each.settings.name)
            resolvers.append(each.settings)
    findings = [*around, *(finding for fragment in fragments for finding in fragment.findings)]
    return resolvers, [f"{finding.origin.line} {finding.severity}: {finding.message}" for finding in findings]


def test_what_is_usual() -> None:
    (found,), findings = read("certificatesResolvers: {le: {acme: {tlsChallenge: {}}}}")
    assert findings == []
    assert found == Resolver(
        name="le", server=Server(directory=LETS_ENCRYPT), storage="/etc/traefik/acme.json", tls=TlsChallenge()
    )
    assert found.key_type is KeyType.RSA4096
    assert found.lifetime == 90 * 24 * HOUR


def test_every_option() -> None:
    (found,), findings = read("""
certificatesresolvers:
  le:
    acme:
      email: me@example.org
      caServer: https://ca.internal/directory
      storage: /data/acme.json
      keyType: ec256
      preferredChain: Our Root
      profile: shortlived
      eab: {kid: me, hmacEncoded: c2VjcmV0}
      certificatesDuration: 24
      emailAddresses: [me@example.org]
      disableCommonName: true
      caCertificates: [root.pem, "-----BEGIN CERTIFICATE-----"]
      caSystemCertPool: true
      caServerName: ca.example
      clientTimeout: 1m
      clientResponseHeaderTimeout: 10s
      certificateTimeout: 90
      httpChallenge: {entryPoint: web, delay: 1s}
      tlsChallenge: {delay: 2s}
      dnsChallenge:
        provider: rfc2136
        resolvers: [1.1.1.1:53]
        propagation: {delayBeforeChecks: 3s, disableChecks: true, disableANSChecks: true, requireAllRNS: true}
""")
    assert findings == []
    assert found == Resolver(
        name="le",
        server=Server(
            directory="https://ca.internal/directory",
            authorities=("/etc/traefik/root.pem", "-----BEGIN CERTIFICATE-----"),
            trusts_system=True,
            server_name="ca.example",
            timeout=60.0,
            header_timeout=10.0,
        ),
        email="me@example.org",
        external_account=ExternalAccount(kid="me", hmac="c2VjcmV0"),
        key_type=KeyType.EC256,
        preferred_chain="Our Root",
        profile="shortlived",
        lifetime=24 * HOUR,
        issue_timeout=90.0,
        email_addresses=("me@example.org",),
        has_common_name=False,
        storage="/data/acme.json",
        http=HttpChallenge(entry_point="web", delay=1.0),
        tls=TlsChallenge(delay=2.0),
        dns=DnsChallenge(
            provider="rfc2136",
            resolvers=("1.1.1.1:53",),
            delay=3.0,
            is_unchecked=True,
            is_authority_unchecked=True,
            is_resolver_checked=True,
        ),
    )


def test_what_version_2_called_otherwise() -> None:
    text = "certificatesResolvers: {le: {acme: {dnsChallenge: {provider: exec, delayBeforeCheck: 5, %s}}}}"
    (found,), findings = read(text % "disablePropagationCheck: true")
    assert found.dns == DnsChallenge(provider="exec", delay=5.0, is_unchecked=True)
    assert findings == []


@pytest.mark.parametrize(
    ("acme", "finding"),
    [
        ("dnsChallenge: {}", '"acme.dnsChallenge.provider" is missing; it says who changes records'),
        ("eab: {kid: me}", '"acme.eab.hmacEncoded" is missing; an external account has both'),
        ("eab: {hmacEncoded: c2VjcmV0}", '"acme.eab.kid" is missing; an external account has both'),
        ("mail: me@example.org", 'unknown field "mail" in "acme"; did you mean "email"?'),
        ("clientTimeout: soon", '"acme.clientTimeout" must be a duration such as 500ms, 2s or 1m30s, not "soon"'),
    ],
)
def test_a_mistake_disables_one_resolver(acme: str, finding: str) -> None:
    text = f"certificatesResolvers:\n  le:\n    acme: {{{acme}}}\n  other: {{acme: {{httpChallenge: {{}}}}}}\n"
    found, findings = read(text)
    assert [each.name for each in found] == ["other"]
    assert findings == [f"3 error: certificate resolver le: {finding}"]


def test_a_key_type_that_is_none_is_that_of_traefik() -> None:
    (found,), findings = read("certificatesResolvers: {le: {acme: {keyType: RSA4069, eab: {}, storage: ''}}}")
    assert (found.key_type, found.external_account, found.storage) == (KeyType.RSA4096, None, "")
    (finding,) = findings
    assert 'not "RSA4069"; did you mean "RSA4096"?; RSA4096 is taken' in finding


def test_tailscale_is_refused() -> None:
    found, findings = read("certificatesResolvers: {le: {tailscale: {}}, other: {}}")
    assert found == []
    assert findings == [
        '1 warning: certificate resolver le: "tailscale" has no effect: certificates of Tailscale are not obtained '
        "here; use acme",
        "1 error: certificate resolver other says nothing; write acme",
    ]
