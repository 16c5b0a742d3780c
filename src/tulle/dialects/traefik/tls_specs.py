"""TLS as it is written: certificates, stores of them, options."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.routers import DomainSpec
from tulle.dialects.traefik.values import Flag, Present, Text, Texts, TraefikSpec

Version = Literal["", "VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]


class CertificateSpec(TraefikSpec):
    """A certificate and its key: files, or PEM."""

    cert_file: Text = Field("", description="The certificate, with those between it and its authority.")
    key_file: Text = Field("", description="Its key.")
    stores: Texts = Field((), description="In which stores; there is only `default`.")


class GeneratedCertificateSpec(TraefikSpec):
    """The default certificate from a resolver."""

    resolver: Text = Field("", description="Which.")
    domain: DomainSpec | None = Field(None, description="Its names.")


class StoreSpec(TraefikSpec):
    """A store of certificates."""

    default_certificate: CertificateSpec | None = Field(None, description="For names without a certificate.")
    default_generated_cert: Annotated[
        GeneratedCertificateSpec | None, Refused("has no effect yet: name the resolver at a router")
    ] = Field(None, description="The same, from a resolver.")


class ClientAuthSpec(TraefikSpec):
    """Certificates of clients."""

    ca_files: Texts = Field((), description="Authorities: files, or PEM.")
    client_auth_type: Literal[
        "",
        "NoClientCert",
        "RequestClientCert",
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert",
    ] = Field("", description="Whether they must show one.")


class OptionsSpec(TraefikSpec):
    """How TLS is ended."""

    min_version: Version = Field("", description="The lowest version; TLS 1.2 if not given.")
    max_version: Version = Field("", description="The highest.")
    cipher_suites: Texts = Field((), description="Up to TLS 1.2.")
    curve_preferences: Texts = Field((), description="Curves for the exchange of keys.")
    client_auth: Annotated[ClientAuthSpec | None, Present] = Field(None, description="Certificates of clients.")
    sni_strict: Flag = Field(False, description="Whether names without a certificate are refused.")
    alpn_protocols: Texts = Field(("h2", "http/1.1", "acme-tls/1"), description="Protocols that are offered.")
    disable_session_tickets: Flag = Field(False, description="Whether sessions are not resumed by tickets.")
    prefer_server_cipher_suites: Annotated[
        Flag, Refused("has no effect, and none in Traefik 3: leave it out", unless=(False,))
    ] = Field(False, description="No longer used.")


class SpiffeSpec(TraefikSpec):
    """Identities of servers."""

    ids: Texts = Field((), description="Those that are good.")
    trust_domain: Text = Field("", description="Whose are good.")
