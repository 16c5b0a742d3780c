"""Who gets certificates, and how: accounts at certificate authorities that speak ACME (RFC 8555)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
DAY = 24 * 3600.0


class KeyType(StrEnum):
    """Keys of certificates."""

    EC256 = "EC256"
    EC384 = "EC384"
    RSA2048 = "RSA2048"
    RSA4096 = "RSA4096"
    RSA8192 = "RSA8192"


class ChallengeKind(StrEnum):
    """How an authority finds out whose a name is."""

    TLS = "tls-alpn-01"
    HTTP = "http-01"
    DNS = "dns-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpChallenge:
    """The authority asks for a path of the host, at port 80."""

    entry_point: str = ""
    """Where that arrives."""
    delay: float = 0.0
    """Seconds to wait before the authority is asked to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsChallenge:
    """The authority asks for a certificate of the host, at port 443."""

    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsChallenge:
    """The authority looks for a record of the domain. The only way for wildcards."""

    provider: str
    """Who changes records: `rfc2136`, `exec`, `httpreq`. Its credentials are in the environment."""
    resolvers: tuple[str, ...] = ()
    """Name servers that are asked, host and port; empty: those of the system."""
    delay: float = 0.0
    """Seconds to wait before anybody looks."""
    is_unchecked: bool = False
    """Whether nobody looks whether the record is there before the authority does."""
    is_authority_unchecked: bool = False
    """Whether the name servers of the zone are not asked for it."""
    is_resolver_checked: bool = False
    """Whether `resolvers` are asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAccount:
    """An account with the authority that was made elsewhere (RFC 8555 §7.3.4)."""

    kid: str
    hmac: str = field(repr=False)
    """URL-safe base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A certificate authority, and how it is called."""

    directory: str = LETS_ENCRYPT
    authorities: tuple[str, ...] = ()
    """PEM, or files with PEM, of who vouches for its own certificate."""
    trusts_system: bool = True
    """Whether the authorities of the system count beside them; they do if there are no others."""
    server_name: str = ""
    """The name that its own certificate has, if that is another than in its address."""
    timeout: float = 120.0
    """Seconds for a call."""
    header_timeout: float = 30.0
    """Seconds until its answer begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Gets certificates for names."""

    name: str
    origin: Origin = field(default=BUILT_IN, compare=False)
    server: Server = Server()
    email: str = ""
    external_account: ExternalAccount | None = None
    key_type: KeyType = KeyType.RSA4096
    preferred_chain: str = ""
    """Common name of the root, where there are several chains."""
    profile: str = ""
    """The kind of certificate, where the authority has several."""
    lifetime: float = 90 * DAY
    """Seconds that certificates are supposed to live; decides when they are renewed."""
    issue_timeout: float = 30.0
    """Seconds that the authority may take to sign."""
    email_addresses: tuple[str, ...] = ()
    """Names for the certificate beside its domains."""
    has_common_name: bool = True
    """Whether the first domain is the subject too."""
    storage: str = ""
    """A file of Traefik (`acme.json`) whose account and certificates are taken over; path."""
    http: HttpChallenge | None = None
    tls: TlsChallenge | None = None
    dns: DnsChallenge | None = None

    @property
    def challenges(self) -> tuple[ChallengeKind, ...]:
        """What it can do, the first preferred."""
        offered = ((ChallengeKind.TLS, self.tls), (ChallengeKind.HTTP, self.http), (ChallengeKind.DNS, self.dns))
        return tuple(kind for kind, settings in offered if settings is not None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class CertificateResolver:
    """A resolver that is written. Compared and hashed by identity."""

    name: Name
    origin: Origin
    settings: Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCertificate:
    """A certificate that somebody needs."""

    resolver: str
    domains: tuple[str, ...]
    """The first is the main one."""
    origin: Origin = field(default=BUILT_IN, compare=False)
