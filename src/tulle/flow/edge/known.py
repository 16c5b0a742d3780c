"""Everything that routers are made of, by name, and what a router looked up: it is joined again when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, TypeVar

from tulle.flow.edge import signing_in
from tulle.flow.joining import typed
from tulle.flow.key_sets import read_endpoints
from tulle.flow.keys import address, endpoints_address
from tulle.flow.merge import Merge
from tulle.kit.memo import remember
from tulle.kit.tables import changed_keys
from tulle.model.documents import Origin
from tulle.model.findings import Finding, did_you_mean
from tulle.model.names import Name
from tulle.model.observing import Observing
from tulle.model.routers import (
    CORE,
    INTERNAL,
    PRECEDENCE,
    PROVIDER,
    STATIC,
    USUAL_PRECEDENCE,
    USUAL_TRANSPORT,
    Blend,
    Core,
    EntryPoint,
    Failover,
    KeyPair,
    Mirroring,
    Pool,
    Precedence,
    Reference,
    Router,
    ServiceTree,
    Steps,
    TlsOptions,
    Transport,
)
from tulle.model.routes import RouteKind
from tulle.model.security import TokenRule
from tulle.model.steps import SignIn, VerifyToken

SERVICES = (Pool, Blend, Mirroring, Failover)
ASKED_FOR = {
    "api": "api: {}",
    "dashboard": "api: {}",
    "ping": "ping: {}",
    "prometheus": "metrics: {prometheus: {}}",
    "rest": "providers: {rest: {}}",
}
"""What has to be written before services of the control plane are there."""
Thing = TypeVar("Thing")
Key = tuple[str, Name]
"""What kind of object, and its name."""
ALL = Name("", "*")
"""Stands for which names there are, whatever is called by them: what is missing is told with names that are like it."""


@dataclass(frozen=True, slots=True)
class Known:
    """All of them, as of now."""

    routers: Mapping[Name, Router] = field(default_factory=dict)
    steps: Mapping[Name, Steps] = field(default_factory=dict)
    pools: Mapping[Name, Pool] = field(default_factory=dict)
    blends: Mapping[Name, Blend] = field(default_factory=dict)
    mirrorings: Mapping[Name, Mirroring] = field(default_factory=dict)
    failovers: Mapping[Name, Failover] = field(default_factory=dict)
    transports: Mapping[Name, Transport] = field(default_factory=dict)
    points: Mapping[Name, EntryPoint] = field(default_factory=dict)
    options: Mapping[Name, TlsOptions] = field(default_factory=dict)
    pairs: Mapping[Name, KeyPair] = field(default_factory=dict)
    observing: Mapping[Name, Observing] = field(default_factory=dict)
    is_strict: bool = False
    """Whether routers that contradict each other about TLS are for nobody."""
    divided: frozenset[Name] = frozenset()
    """Routers that others name as their parents."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Of providers, by the namespaces of their routers: of equal priority those with the greater rank come first."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key sets of issuers by their address (`flow.keys`)."""

    @property
    def token_rules(self) -> Iterator[TokenRule]:
        """All rules about tokens, in the order of what has them."""
        found = [
            (name, step.rule)
            for name, each in self.steps.items()
            for step in each.steps
            if isinstance(step, VerifyToken | SignIn)
        ]
        return (rule for _, rule in sorted(found, key=lambda each: each[0]))

    @property
    def sign_ins(self) -> Iterator[SignIn]:
        """All that lets people sign in, in the order of what has it."""
        return signing_in.all_of(self.steps.values())

    @classmethod
    def of(cls, merge: Merge) -> Known:
        """What was merged."""
        core = typed(merge, Core).get(CORE)
        routers = in_syntax(typed(merge, Router), core is not None and core.is_older)
        return cls(
            routers,
            typed(merge, Steps),
            typed(merge, Pool),
            typed(merge, Blend),
            typed(merge, Mirroring),
            typed(merge, Failover),
            typed(merge, Transport),
            typed(merge, EntryPoint),
            typed(merge, TlsOptions),
            typed(merge, KeyPair),
            typed(merge, Observing),
            core is not None and core.is_strict,
            frozenset(parent.name for router in routers.values() for parent in router.parents),
            _ranks(typed(merge, Precedence).get(PRECEDENCE)),
        )

    def service(self, name: Name) -> ServiceTree | None:
        """The service of this name, whichever of its kinds."""
        tables: tuple[Mapping[Name, ServiceTree], ...] = (self.pools, self.blends, self.mirrorings, self.failovers)
        return next((found for table in tables if (found := table.get(name)) is not None), None)

    def service_names(self) -> Iterable[Name]:
        """Of all services."""
        return chain(self.pools, self.blends, self.mirrorings, self.failovers)

    def has(self, key: Key) -> bool:
        """Whether there is something that routers can name."""
        kind, name = key
        tables: Mapping[str, Mapping[Name, object]] = {
            "router": self.routers,
            "middleware": self.steps,
            "serversTransport": self.transports,
            "entry point": self.points,
        }
        return self.service(name) is not None if kind == "service" else name in tables.get(kind, ())


def _ranks(said: Precedence | None) -> Mapping[str, int]:
    names = said.providers if said is not None else USUAL_PRECEDENCE
    return {f"{PROVIDER}{name}": rank for rank, name in enumerate(reversed(names), 1)}


def in_syntax(routers: Mapping[Name, Router], is_older: bool) -> Mapping[Name, Router]:
    """Routers with their rules read in the syntax that holds for all that do not say it."""
    return {name: _older(router) for name, router in routers.items()} if is_older else routers


@remember(size=1)
def _older(router: Router) -> Router:
    reading = router.older
    if reading is None:
        return router
    return replace(
        router,
        alternatives=reading.alternatives,
        hosts=reading.hosts,
        named=reading.named,
        problem=reading.problem,
        older=None,
    )


@dataclass(slots=True)
class Lookup:
    """The names that were looked up for one object, and what was missing."""

    known: Known
    home: Name
    subject: str
    asked: set[Key] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether everything was found."""
        return not any(each.is_error for each in self.findings)

    def rank(self, router: Router) -> int:
        """Of its provider, among routers of equal priority."""
        return self.known.ranks.get(router.name.namespace, 0)

    def service(self, to: Reference) -> ServiceTree | None:
        """A service; noted if there is none."""
        self.asked.add(("service", to.name))
        found = self.known.service(to.name)
        if found is None and to.name.namespace == INTERNAL and to.name.name in ASKED_FOR:
            sentence = f"write `{ASKED_FOR[to.name.name]}` in the static configuration"
            self.wrong(to, f'there is no service "{shown(to.name, "")}"; {sentence}')
        elif found is None:
            self._missing("service", to, self.known.service_names())
        return found

    def steps(self, to: Reference) -> Steps | None:
        """Steps; noted if there are none of the name."""
        return self._found("middleware", to, self.known.steps)

    def transport(self, to: Reference) -> Transport | None:
        """A transport; noted if there is none."""
        return self._found("serversTransport", to, self.known.transports)

    def with_keys(self, rule: TokenRule) -> TokenRule:
        """A rule about tokens with the keys that are known by its address."""
        where = address(rule)
        if not where:
            return rule
        self.asked.add(("keys", Name("", where)))
        return replace(rule, jwks=self.known.keys.get(where, ""))

    def with_endpoints(self, step: SignIn) -> SignIn:
        """Somewhere to sign in, with what its issuer has said."""
        where = endpoints_address(step.rule)
        self.asked.add(("keys", Name("", where)))
        found = self.known.keys.get(where)
        return replace(
            step, rule=self.with_keys(step.rule), endpoints=read_endpoints(found) if found is not None else None
        )

    def usual_transport(self) -> Transport | None:
        """The one of services that name none, if there is one."""
        self.asked.add(("serversTransport", USUAL_TRANSPORT))
        return self.known.transports.get(USUAL_TRANSPORT)

    def router(self, to: Reference) -> Router | None:
        """Another router; noted if there is none."""
        return self._found("router", to, self.known.routers)

    def impossible(self, origin: Origin, sentence: str) -> None:
        """Note what cannot be done."""
        self.findings.append(Finding.error(origin, f"{self.subject}: {sentence}"))

    def wrong(self, to: Reference, sentence: str) -> None:
        """Note a mistake where something is named."""
        self.findings.append(Finding.error(to.origin, f"{self.subject}: {sentence}"))

    def _found(self, kind: str, to: Reference, table: Mapping[Name, Thing]) -> Thing | None:
        self.asked.add((kind, to.name))
        found = table.get(to.name)
        if found is None:
            self._missing(kind, to, table)
        return found

    def _missing(self, kind: str, to: Reference, names: Iterable[Name]) -> None:
        self.asked.add((kind, ALL))
        home = self.home.namespace
        hint = did_you_mean(shown(to.name, home), [shown(name, home) for name in names])
        self.wrong(to, f'there is no {kind} "{shown(to.name, home)}"{hint}')


def usual_of(kind: RouteKind) -> Key:
    """Stands for the entry points of routers that name none."""
    return "usual", Name("", kind)


def shown(name: Name, home: str) -> str:
    """A name as somebody of a provider writes it."""
    text = name.name.removeprefix("tcp/").removeprefix("udp/")
    return text if name.namespace in {home, STATIC} else f"{text}{PROVIDER}{name.namespace.removeprefix(PROVIDER)}"


def changed(merge: Merge) -> set[Key]:
    """What appeared, vanished or is another object now."""
    words: dict[Any, str] = {
        Core: "core",
        Precedence: "precedence",
        Router: "router",
        Steps: "middleware",
        Transport: "serversTransport",
        EntryPoint: "entry point",
        TlsOptions: "options",
        KeyPair: "certificate",
        Observing: "observing",
        **dict.fromkeys(SERVICES, "service"),
    }
    objects = merge.changed.objects
    found = {(words[kind], name) for kind in words for name in objects.get(kind, ())}
    return found


def different(merge: Merge, before: Known, now: Known) -> set[Key]:
    """What is another object now for routers, and the kinds of which there are other names."""
    found = changed(merge)
    found |= {("child", name) for name in before.divided ^ now.divided}
    if ("core", CORE) in found:
        found |= {("router", name) for name in changed_keys(before.routers, now.routers)}
    if before.ranks != now.ranks:
        found |= {("router", name) for name in now.routers}
    found |= {("keys", Name("", where)) for where in changed_keys(before.keys, now.keys)}
    found |= {("entry point", name) for name in changed_keys(before.points, now.points)}
    return found | {(kind, ALL) for kind, name in found if before.has((kind, name)) is not now.has((kind, name))}
