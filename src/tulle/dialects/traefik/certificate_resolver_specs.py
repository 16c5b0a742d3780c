"""Certificate resolvers as they are written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.values import Count, Flag, Present, Seconds, Text, Texts, TraefikSpec


class HttpChallengeSpec(TraefikSpec):
    """The authority asks for a path of the host at port 80."""

    entry_point: Text = Field("", description="Where that arrives; answered at every entry point without TLS.")
    delay: Seconds = Field(0.0, description="How long to wait before the authority is asked to look.")


class TlsChallengeSpec(TraefikSpec):
    """The authority asks for a certificate of the host at port 443."""

    delay: Seconds = Field(0.0, description="How long to wait before the authority is asked to look.")


class PropagationSpec(TraefikSpec):
    """What is done before the authority is asked to look for a record."""

    delay_before_checks: Seconds = Field(0.0, description="How long to wait first.")
    disable_checks: Flag = Field(False, description="Whether nobody looks for it before.")
    disable_ans_checks: Flag = Field(
        False, alias="disableANSChecks", description="Whether the name servers of the zone are not asked."
    )
    require_all_rns: Flag = Field(False, alias="requireAllRNS", description="Whether the resolvers are asked, too.")


class DnsChallengeSpec(TraefikSpec):
    """The authority looks for a record of the domain."""

    provider: Text = Field("", description="Who changes records; its settings are in the environment.")
    resolvers: Texts = Field((), description="Name servers that are asked; those of the system if none is given.")
    propagation: Annotated[PropagationSpec | None, Present] = Field(None, description="What is done before it looks.")
    delay_before_check: Seconds = Field(0.0, description="The same as propagation.delayBeforeChecks.")
    disable_propagation_check: Flag = Field(False, description="The same as propagation.disableChecks.")


class ExternalAccountSpec(TraefikSpec):
    """An account that was made elsewhere."""

    kid: Text = Field("", description="Its identifier.")
    hmac_encoded: Text = Field("", description="Its key, in URL-safe base64.")


class AcmeSpec(TraefikSpec):
    """An authority that speaks ACME, and an account there."""

    email: Text = Field("", description="Whom the authority writes to.")
    ca_server: Text = Field("", description="Its directory; that of Let's Encrypt if not given.")
    storage: Text = Field("acme.json", description="What Traefik has kept here is taken over; nothing is written.")
    key_type: Text = Field("RSA4096", description="EC256, EC384, RSA2048, RSA4096 or RSA8192.")
    preferred_chain: Text = Field("", description="Common name of the root, where there are several.")
    profile: Text = Field("", description="The kind of certificate, where the authority has several.")
    eab: ExternalAccountSpec | None = Field(None, description="An account that was made elsewhere.")
    certificates_duration: Count = Field(2160, description="Hours that certificates are supposed to live.")
    email_addresses: Texts = Field((), description="Addresses for the certificate.")
    disable_common_name: Flag = Field(False, description="Whether the main name is no subject.")
    ca_certificates: Texts = Field((), description="Who vouches for the authority's own certificate: files, or PEM.")
    ca_system_cert_pool: Flag = Field(False, description="Whether those of the system count beside them.")
    ca_server_name: Text = Field("", description="The name in the authority's own certificate.")
    client_timeout: Seconds = Field(120.0, description="How long a call may take.")
    client_response_header_timeout: Seconds = Field(30.0, description="How long until its answer begins.")
    certificate_timeout: Seconds = Field(30.0, description="How long the authority may take to sign.")
    http_challenge: Annotated[HttpChallengeSpec | None, Present] = Field(None, description="By a path at port 80.")
    tls_challenge: Annotated[TlsChallengeSpec | None, Present] = Field(None, description="By TLS at port 443.")
    dns_challenge: Annotated[DnsChallengeSpec | None, Present] = Field(None, description="By a record of the domain.")


class CertificateResolverSpec(TraefikSpec):
    """Who gets certificates."""

    acme: AcmeSpec | None = Field(None, description="An authority that speaks ACME.")
    tailscale: Annotated[
        TraefikSpec | None, Present, Refused("has no effect: certificates of Tailscale are not obtained here; use acme")
    ] = Field(None, description="The daemon of Tailscale.")
