"""Identities and who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name
from tulle.model.routes import ExternalCheck


@dataclass(frozen=True, slots=True)
class Identity:
    """A workload identity in the form that Istio uses within SPIFFE (spiffe://domain/ns/namespace/sa/account)."""

    trust_domain: str
    namespace: str
    account: str

    def __str__(self) -> str:
        return f"spiffe://{self.trust_domain}/ns/{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission to call a service; every part that is set must hold.

    Methods and paths can only be seen on HTTP ports. A path that ends in `*` is a prefix.
    """

    origin: Origin
    callers: tuple[Name, ...] = ()
    """Service accounts (namespace and account); empty for every workload of the mesh."""
    namespaces: tuple[str, ...] = ()
    """Namespaces whose workloads may all call; added to `callers`."""
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def needs_http(self) -> bool:
        """Whether only a proxy that sees requests can decide it."""
        return bool(self.methods or self.paths)


class AccessAction(StrEnum):
    """What a policy does with requests that its rules match."""

    CUSTOM = "custom"
    """Another service is asked."""
    AUDIT = "audit"
    DENY = "deny"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Patterns for one attribute: any of `values` must match, none of `excluded` may.

    A pattern is text, `prefix*`, `*suffix` or `*` for anything that is present. For paths `{*}` is one segment and
    `{**}` any number of them (Istio path templates).
    """

    values: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    origin: Origin = field(default=BUILT_IN, compare=False)
    """Where they were written; built-in if that is not known more precisely than the rule."""

    def __bool__(self) -> bool:
        return bool(self.values or self.excluded)


NO_VALUES = Values()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSource:
    """Who asks; everything that is set must hold. Fields are those of Istio's `Source`."""

    principals: Values = NO_VALUES
    """`trust-domain/ns/namespace/sa/account`, without `spiffe://`."""
    request_principals: Values = NO_VALUES
    """`issuer/subject` of a verified token."""
    namespaces: Values = NO_VALUES
    service_accounts: Values = NO_VALUES
    """`namespace/account`, or `account` in the namespace of the policy."""
    trust_domains: Values = NO_VALUES
    ip_blocks: Values = NO_VALUES
    """CIDR of the peer of the connection."""
    remote_ip_blocks: Values = NO_VALUES
    """CIDR of the client, as `X-Forwarded-For` or the PROXY protocol tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOperation:
    """What is asked; everything that is set must hold."""

    hosts: Values = NO_VALUES
    ports: Values = NO_VALUES
    methods: Values = NO_VALUES
    paths: Values = NO_VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCondition:
    """A condition on an attribute by its name, such as `request.headers[x-tester]` or `request.auth.claims[group]`."""

    key: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """Matches if any source (if there are any), any operation (the same) and all conditions match."""

    origin: Origin
    sources: tuple[AccessSource, ...] = ()
    operations: tuple[AccessOperation, ...] = ()
    conditions: tuple[AccessCondition, ...] = ()


LISTENER = "Listener"
"""What native policies are attached to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a policy is attached to by name (Gateway API policy attachment)."""

    kind: str
    """`Gateway`, `Service`, `ServiceEntry`, `GatewayClass`, `Listener`."""
    name: Name
    """That of a listener is the one by which routes name it, in the namespace of the system."""
    origin: Origin = field(default=BUILT_IN, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class AccessPolicy:
    """Who may call some workloads (Istio AuthorizationPolicy). Compared by identity."""

    name: Name
    origin: Origin
    selector: tuple[tuple[str, str], ...] = ()
    """Labels of the workloads of its namespace; in the root namespace of every namespace."""
    targets: tuple[Target, ...] = ()
    action: AccessAction = AccessAction.ALLOW
    rules: tuple[AccessRule, ...] = ()
    provider: str = ""
    """With `custom`: who is asked, by the name of an `Authorizer`."""
    is_dry_run: bool = False
    """Whether it only counts what it would have done."""
    selector_origin: Origin | None = None
    """Where the selector was written, if not where the policy begins."""
    provider_origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Authorizer:
    """A service that can be asked, by a name (Istio `extensionProviders`)."""

    name: str
    origin: Origin
    check: ExternalCheck


class PeerMode(StrEnum):
    """What the proxy of a callee takes."""

    STRICT = "strict"
    """Mutual TLS of the mesh only."""
    PERMISSIVE = "permissive"
    """That, and plain text."""
    DISABLE = "disable"
    """Plain text only."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class PeerAuthentication:
    """How some workloads may be called. Compared by identity."""

    name: Name
    origin: Origin
    selector: tuple[tuple[str, str], ...] = ()
    mode: PeerMode | None = None
    """None: inherited from the namespace, the mesh."""
    port_modes: tuple[tuple[int, PeerMode], ...] = ()
    """By port of the workload."""
    created: str = ""
    selector_origin: Origin | None = None
    """Where the selector was written, if not where the policy begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRule:
    """Which tokens (JWT) are good."""

    origin: Origin
    issuer: str
    audiences: tuple[str, ...] = ()
    """Empty: any."""
    jwks: str = ""
    """Keys, as JSON (RFC 7517). Beside `jwks_uri`: those that were last seen there."""
    jwks_uri: str = ""
    """Instead: where they are; kept when they cannot be had for a while. Without both, the issuer says where."""
    headers: tuple[tuple[str, str], ...] = ()
    """Where the token is: names of headers and what stands before the token in them."""
    parameters: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    payload_header: str = ""
    """Header in which the application gets the payload, as base64url."""
    claim_headers: tuple[tuple[str, str], ...] = ()
    """Header names and the claims that the application gets in them."""
    forwards_token: bool = False
    timeout: float = 5.0
    """Seconds for fetching keys."""
    space_delimited_claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class RequestAuthentication:
    """Which tokens some workloads take: bad ones are refused, none at all is fine. Compared by identity."""

    name: Name
    origin: Origin
    selector: tuple[tuple[str, str], ...] = ()
    targets: tuple[Target, ...] = ()
    rules: tuple[TokenRule, ...] = ()
    selector_origin: Origin | None = None
    """Where the selector was written, if not where the policy begins."""
