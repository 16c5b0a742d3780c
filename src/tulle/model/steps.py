"""What is done with a request on its way, one step after the other; with its answer, in the opposite order.

Steps are those that edge gateways call middlewares. Each may change the request, or answer it at once; the steps before
it see that answer as they would see that of a service.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.model.names import Name
from tulle.model.policies import Retry
from tulle.model.routes import Backend
from tulle.model.security import TokenRule


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPrefix:
    """Put text before the path."""

    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPrefix:
    """Take the first of some texts that the path begins with from it, and tell the service which."""

    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPattern:
    """Take what the first of some patterns (RE2) matches at the very beginning of the path from it."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacePath:
    """Ask for another path, and tell the service the old one."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacePattern:
    """Replace all that a pattern (RE2) matches in the path."""

    pattern: str
    replacement: str
    """With `$1`, `${1}` and `${name}` as Go's regexp has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectScheme:
    """Send clients that came by another scheme to this one."""

    scheme: str
    port: str = ""
    is_permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectPattern:
    """Send clients elsewhere whose whole URL a pattern (RE2) matches."""

    pattern: str
    replacement: str
    is_permanent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHeaders:
    """Set headers; those without a value are removed."""

    request: tuple[tuple[str, str], ...] = ()
    answer: tuple[tuple[str, str], ...] = ()
    secure_answer: tuple[tuple[str, str], ...] = ()
    """Only where clients speak TLS, as the connection or one of these headers of the request says."""
    secure_proof: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOrigins:
    """Tell browsers which pages of others may ask, and answer their preflight requests."""

    origins: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    allows_credentials: bool = False
    adds_vary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseHosts:
    """Answer requests for other hosts than these at once."""

    hosts: tuple[str, ...]
    proxy_headers: tuple[str, ...] = ()
    """Where the host may stand instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAddress:
    """Which address is that of the client."""

    depth: int = 0
    """So many from the right of `X-Forwarded-For`; 0: the other end of the connection."""
    excluded: tuple[str, ...] = ()
    """Or the first from the right that is in none of these (CIDR)."""
    ipv6_bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowAddresses:
    """Let only some clients pass."""

    ranges: tuple[str, ...]
    address: ClientAddress = ClientAddress()
    status: int = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class SameClient:
    """What makes two requests those of one client: the address, a header, or the host."""

    address: ClientAddress | None = None
    header: str = ""
    is_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRate:
    """So many requests of one client in a time."""

    average: int
    """In a period; 0: any number."""
    burst: int
    by: SameClient
    period: float = 1.0
    redis: Redis | None = None
    name: str = ""
    """With a Redis: who has the same name counts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitInFlight:
    """So many requests of one client at a time."""

    amount: int
    by: SameClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """Let only those pass who know a password (RFC 7617, or RFC 7616 if it is not to be sent)."""

    users: tuple[tuple[str, str], ...] = ()
    """Names, and hashes as `htpasswd` and `htdigest` write them."""
    file: str = ""
    realm: str = "traefik"
    is_digest: bool = False
    hides_proof: bool = False
    """Whether the service does not see it."""
    name_header: str = ""
    """In which the service sees the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """Compress answers for clients that can read it."""

    encodings: tuple[str, ...] = ("gzip", "br", "zstd")
    default: str = ""
    minimum: int = 1024
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBodies:
    """Read requests and answers whole, up to a size."""

    request: int = 0
    answer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Send a request again that a server did not get."""

    retry: Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTime:
    """How many seconds a request may take, in all and without anything that comes or goes; None: as usual."""

    request: float | None = None
    idle: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyToken:
    """Let only those pass who show a good token (JWT)."""

    rule: TokenRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """How cookies are called, and where browsers send them."""

    name: str
    path: str = "/"
    same_site: str = "lax"
    """`lax`, `strict`, `none`, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where an OpenID provider is asked for what."""

    authorization: str
    token: str
    end_session: str = ""
    """Where it is told that somebody signed out; empty: nowhere."""
    takes_form: bool = True
    """Whether the secret goes into the form; otherwise into the header, as for a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Let only those pass who signed in at an OpenID provider; send the others there."""

    name: Name
    """Tells it from all others."""
    rule: TokenRule
    """What the tokens must be by which the provider says who they are."""
    client: str
    """How the provider calls whoever asks."""
    client_secret: str = field(repr=False)
    seal: str = field(default="", repr=False)
    """What cookies are proven by; empty: something of the mesh."""
    endpoints: Endpoints | None = None
    """As far as the provider has said."""
    callback: str
    """Where people come back from the provider: a path, or a whole URL."""
    login: str = ""
    """The only path that leads to the provider; empty: all do."""
    leads_nowhere: bool = False
    """Whether nobody is sent there at all."""
    logout: str = ""
    after_login: str = ""
    """Where people go on who signed in at `login`."""
    after_logout: str = ""
    scopes: tuple[str, ...] = ("openid",)
    parameters: tuple[tuple[str, str], ...] = ()
    """More that the provider is told."""
    session: Cookie
    state: Cookie
    domain: str = ""
    """Of all cookies; empty: the host."""
    patience: float = 600.0
    """Seconds for signing in."""
    expiry: float = 86400.0
    """Seconds after which somebody who was not seen has to sign in again, if the provider does not say it."""
    refreshes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    """Show the page of another service for some statuses."""

    statuses: tuple[tuple[int, int], ...]
    backend: Backend
    path: str
    """With `{status}`, `{originalStatus}` and `{url}`."""
    rewrites: tuple[tuple[int, int, int], ...] = ()
    """From a status to another one, and what it becomes for clients."""
    headers: tuple[str, ...] | None = None
    """Of the request, which the service sees; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskServer:
    """Ask another server whether a request may pass: what it says instead is the answer."""

    backend: Backend
    url: str
    """Scheme, host and path of the question."""
    trusts_forwarded: bool = False
    """Whether `X-Forwarded-*` of the request are told to it, instead of what is known here."""
    consent_headers: tuple[str, ...] = ()
    """Of its consent, which the service sees."""
    consent_pattern: str = ""
    """The same, as RE2."""
    request_headers: tuple[str, ...] = ()
    """Of the request, which it sees; empty: all."""
    cookies: tuple[str, ...] = ()
    """Of its consent, which the client gets."""
    shows_body: bool = False
    largest_body: int = -1
    largest_answer: int = -1
    keeps_location: bool = False
    """Whether a relative `Location` stays as it is."""
    keeps_method: bool = False
    sign_in: str = ""
    """Where clients are sent that it does not know."""
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Send nothing to a service that does badly, for a while."""

    expression: str
    check_period: float = 0.1
    fallback: float = 10.0
    recovery: float = 10.0
    status: int = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseEscapes:
    """Refuse paths with some characters in disguise."""

    escapes: tuple[str, ...]
    """Such as `%2f`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessTypes:
    """Give answers without a type the one that their first bytes look like (WHATWG MIME Sniffing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateParts:
    """Which parts of a name in a certificate are told."""

    country: bool = False
    province: bool = False
    locality: bool = False
    organization: bool = False
    organizational_unit: bool = False
    common_name: bool = False
    serial_number: bool = False
    domain_component: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCertificate:
    """Tell the service about the certificate of the client."""

    shows_pem: bool = False
    subject: CertificateParts | None = None
    issuer: CertificateParts | None = None
    shows_start: bool = False
    shows_end: bool = False
    shows_names: bool = False
    shows_serial_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeGrpc:
    """Let pages in browsers speak gRPC."""

    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    """Where counts are kept together with others: what many hosts share."""

    endpoints: tuple[str, ...] = ("127.0.0.1:6379",)
    """One; several are those of a cluster."""
    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    pool_size: int = 0
    """Connections at most; 0: ten for each core."""
    read_timeout: float = 3.0
    write_timeout: float = 3.0
    dial_timeout: float = 5.0
    has_tls: bool = False
    ca: str = ""
    """A file, or PEM itself; the others are files."""
    certificate: str = ""
    key: str = ""
    skips_verification: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConnections:
    """So many connections of one client at a time."""

    amount: int


@dataclass(frozen=True, slots=True)
class RouteAgain:
    """Look for the route by what the request is now; what comes after is of that route."""

    router: str
    """Whose steps are done: routes know it by `Subject.TURN`."""


Step = (
    AddPrefix
    | StripPrefix
    | StripPattern
    | ReplacePath
    | ReplacePattern
    | RedirectScheme
    | RedirectPattern
    | SetHeaders
    | ShareOrigins
    | RefuseHosts
    | AllowAddresses
    | LimitRate
    | LimitInFlight
    | Passwords
    | Compress
    | LimitBodies
    | TryAgain
    | LimitTime
    | VerifyToken
    | SignIn
    | ErrorPages
    | AskServer
    | Break
    | RefuseEscapes
    | GuessTypes
    | ShowCertificate
    | BridgeGrpc
    | LimitConnections
    | RouteAgain
)
