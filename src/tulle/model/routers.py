"""Routers, and what they are made of: each names the others, and is joined with them when the mesh is built.

A router sends requests (or connections) that meet its conditions through steps to a service. Its name, and the names of
what it refers to, have the provider for a namespace: `web` of the files is `Name("@file", "web")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.conditions import Conjunction
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.findings import Finding
from tulle.model.listeners import ClientTrust, Entrance, TlsVersions
from tulle.model.names import Name
from tulle.model.observing import TOLD, Told
from tulle.model.policies import ClientTls
from tulle.model.routes import RouteKind
from tulle.model.security import TokenRule
from tulle.model.services import Service
from tulle.model.steps import Step

PROVIDER = "@"
"""Begins the namespaces that are providers."""
STATIC = "@static"
"""The namespace of entry points and whatever else is for all providers."""
USUAL_TRANSPORT = Name(STATIC, "transport")
"""The transport of services for HTTP that name none."""
USUAL_TCP_TRANSPORT = Name(STATIC, "tcp/transport")
"""The same of services for connections."""
USUAL_CIPHERS = tuple(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA")
    for key in ("ECDSA", "RSA")
)
"""Those of Go; the last ones are for old clients, and all that there is before TLS 1.2."""
USUAL_VERSIONS, USUAL_ENTRANCE = TlsVersions(ciphers=USUAL_CIPHERS), Entrance()
USUAL_PROTOCOLS = ("h2", "http/1.1")
CORE = Name(STATIC, "core")
PRECEDENCE = Name(STATIC, "precedence")
USUAL_PRECEDENCE = (
    *("kubernetesgateway", "kubernetescrd", "kubernetes", "kubernetesingressnginx", "swarm", "docker", "file", "redis"),
    *("knative", "consul", "consulcatalog", "nomad", "etcd", "ecs", "http", "zookeeper", "rest"),
    *("marathon", "mesos", "eureka", "boltdb"),
)
"""Of providers whose routers have equal priorities, as Traefik has it; those that it has no more come last."""
INTERNAL = "@internal"
"""The namespace of services that are always there."""
TCP, UDP = "tcp/", "udp/"
"""Begin the names of routers, steps and services for connections and datagrams, which are apart from those for HTTP."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another object, as one names it."""

    name: Name
    origin: Origin = field(default=BUILT_IN, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateNames:
    """Names that one certificate is to have."""

    main: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterTls:
    """That a router is for TLS, and how that is ended."""

    options: Reference | None = None
    """None: the usual ones."""
    resolver: str = ""
    """Who gets certificates for its hosts."""
    domains: tuple[CertificateNames, ...] = ()
    """For these names instead."""
    is_passed: bool = False
    """Whether TLS is left to the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a rule asks."""

    alternatives: tuple[Conjunction, ...] = ((),)
    """Any of which must hold."""
    hosts: tuple[str, ...] | None = None
    """The only hosts (server names) for which the conditions can hold; None: they cannot be counted up."""
    named: tuple[str, ...] = ()
    """Hosts that it speaks of, for certificates and options of TLS."""
    problem: Finding | None = None
    """Why it cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Router:
    """Which requests or connections go where. Compared and hashed by identity."""

    name: Name
    origin: Origin
    kind: RouteKind
    """HTTP, TCP or UDP."""
    entry_points: tuple[Reference, ...] = ()
    """Where they come in; empty: wherever nothing else is said."""
    rule: str = ""
    """As it was written."""
    alternatives: tuple[Conjunction, ...] = ((),)
    """Any of which must hold."""
    hosts: tuple[str, ...] | None = None
    """The only hosts (server names) for which the conditions can hold; None: they cannot be counted up."""
    named: tuple[str, ...] = ()
    """Hosts that the rule speaks of, for certificates and options of TLS."""
    steps: tuple[Reference, ...] = ()
    turns: tuple[tuple[int, str], ...] = ()
    """After how many of its steps the route is looked for again, since they may change what conditions ask, and how
    that is called."""
    service: Reference | None = None
    priority: int = 0
    """The greatest is asked first."""
    parents: tuple[Reference, ...] = ()
    """Routers whose requests it divides further."""
    tls: RouterTls | None = None
    told: Told = TOLD
    """What is told of its requests."""
    problem: Finding | None = None
    """Why its rule cannot be used as it is read here."""
    older: Reading | None = None
    """What the rule asks in the syntax of version 2, if it does not say its own and if that is something else."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Core:
    """What holds for all routers."""

    name: Name
    origin: Origin
    is_older: bool = False
    """Whether rules that do not say it are in the syntax of version 2."""
    is_strict: bool = False
    """Whether routers that want different TLS options for a host are for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Precedence:
    """Whose routers come first, of those with equal priority."""

    name: Name
    origin: Origin
    providers: tuple[str, ...]
    """Names of providers; those that are not named come last."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Steps:
    """Steps that routers and services name."""

    name: Name
    origin: Origin
    steps: tuple[Step, ...] = ()
    parts: tuple[Reference, ...] = ()
    """Instead: other steps, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """A cookie that keeps a client where it was sent first."""

    name: str = ""
    """Empty: made from the name of the service."""
    path: str = "/"
    domain: str = ""
    max_age: int = 0
    """Seconds; 0: as long as the browser runs."""
    same_site: str = ""
    is_secure: bool = False
    is_http_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Pool:
    """Servers, one of which is chosen for each request."""

    name: Name
    origin: Origin
    service: Service
    """Still without what the transport says."""
    transport: Reference | None = None
    steps: tuple[Reference, ...] = ()
    sticky: Sticky | None = None
    passes_host: bool = True
    """Whether servers see the Host that the client asked for."""
    is_encrypted: bool = False
    prefix: str = ""
    """Before the paths of requests."""
    is_checked: bool = False
    """Whether it can be known to be ill."""
    authorities: tuple[str, ...] = ()
    """Host and port of each server, as they are written."""
    urls: tuple[str, ...] = ()
    """Of each server, as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A service, and its part of the requests."""

    to: Reference
    weight: int = 1


class Sharing(StrEnum):
    """How requests are shared out."""

    TURNS = "turns"
    CLIENTS = "clients"
    """By the address of the client."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Blend:
    """Services that share requests."""

    name: Name
    origin: Origin
    shares: tuple[Share, ...]
    sharing: Sharing = Sharing.TURNS
    sticky: Sticky | None = None
    steps: tuple[Reference, ...] = ()
    is_checked: bool = False
    """Whether it is ill when all of them are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Mirroring:
    """A service whose requests are copied to others."""

    name: Name
    origin: Origin
    service: Reference
    mirrors: tuple[tuple[Reference, float], ...] = ()
    """With percentages."""
    copies_body: bool = True
    largest_body: int = -1
    """Bytes above which nothing is copied; -1: no limit."""
    steps: tuple[Reference, ...] = ()
    is_checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Failover:
    """A service, and another one for when it is ill."""

    name: Name
    origin: Origin
    service: Reference
    fallback: Reference
    statuses: tuple[tuple[int, int], ...] = ()
    """Answers that send a request to the fallback, too."""
    largest_body: int = -1
    steps: tuple[Reference, ...] = ()
    is_checked: bool = False


ServiceTree = Pool | Blend | Mirroring | Failover


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Transport:
    """How servers are spoken to."""

    name: Name
    origin: Origin
    tls: ClientTls | None = None
    """Where TLS is spoken; None: as usual."""
    authorities: str = ""
    """Of servers, as text (PEM)."""
    certificate: str = ""
    """That is shown to them, as text (PEM), and its key."""
    key: str = ""
    connect_timeout: float = 30.0
    answer_timeout: float = 0.0
    """Seconds until an answer begins; 0: no limit."""
    idle_timeout: float = 90.0
    disables_http2: bool = False
    proxy_protocol: int = 0
    sends_proxy_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class TlsOptions:
    """How TLS is ended for the hosts of some routers."""

    name: Name
    origin: Origin
    versions: TlsVersions = USUAL_VERSIONS
    trust: ClientTrust | None = None
    authorities: str = ""
    """Of clients, as text (PEM)."""
    is_strict: bool = False
    """Whether clients that ask for no name with a certificate are refused."""
    protocols: tuple[str, ...] = USUAL_PROTOCOLS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class KeyPair:
    """A certificate and its key, in files or as text."""

    name: Name
    origin: Origin
    certificate: str
    key: str
    is_default: bool = False
    """Whether it is for clients that ask for a name without one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class EntryPoint:
    """Where requests, connections or datagrams come in."""

    name: Name
    origin: Origin
    address: str
    port: int
    is_udp: bool = False
    is_usual: bool = False
    """Whether it is for routers that name none."""
    entrance: Entrance = USUAL_ENTRANCE
    steps: tuple[Reference, ...] = ()
    """Before those of its routers."""
    tls: RouterTls | None = None
    """Of all its routers."""
    redirect: Redirection | None = None
    told: Told = TOLD
    """What may be told of its requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """All requests are sent to another entry point."""

    to: str
    """Its name, or `:port`."""
    scheme: str = "https"
    is_permanent: bool = True
    priority: int = (1 << 63) - 2
    spares_challenges: bool = False
    """Whether the paths of ACME challenges are left to routers."""
    origin: Origin = field(default=BUILT_IN, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterState:
    """What became of a router."""

    router: Router
    points: tuple[str, ...] = ()
    """Entry points where it counts."""
    problems: tuple[str, ...] = ()
    """Why it counts nowhere."""
    remarks: tuple[str, ...] = ()
    """What is wrong beside that."""
    services: tuple[Name, ...] = ()
    """All that it sends something to, and those that they are made of."""
    steps: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class EdgeState:
    """All routers, and what they are made of."""

    routers: Mapping[Name, RouterState] = field(default_factory=dict)
    points: tuple[EntryPoint, ...] = ()
    pools: Mapping[Name, Pool] = field(default_factory=dict)
    composed: frozenset[Name] = frozenset()
    """Services that are made of others."""
    steps: frozenset[Name] = frozenset()
    token_rules: tuple[TokenRule, ...] = ()
    """All that steps have, still without keys that are fetched."""
    sign_in_rules: tuple[TokenRule, ...] = ()
    """Those of them whose issuers let people sign in."""
    wishes: tuple[tuple[Router, RouterTls], ...] = ()
    """Routers that are used and have TLS, each with what holds for it: its own, or that of an entry point."""
    provided: tuple[str, ...] = ()
    """Names that certificates of documents are for, where resolvers are asked for some."""
