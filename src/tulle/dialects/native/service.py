"""`services`: what can be called, how it is run or where it is, who may call it, how calls are spread over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import (
    LABEL,
    Hosts,
    Label,
    Labels,
    Methods,
    PortNumbers,
    Several,
    Spec,
    Weight,
    refuse,
    shown,
)
from tulle.dialects.native.backends import Caller, checked_weights
from tulle.dialects.native.kind import Kind, Shape
from tulle.dialects.native.matching import CallMatchSpec, canonical, describe
from tulle.dialects.native.policy import PolicySpec, VersionPolicySpec
from tulle.dialects.native.ports import PortsSpec, read_ports
from tulle.dialects.native.rules import ActionSpec, check_target, named_backends, rule, version_backends
from tulle.dialects.native.running import RunSpec, absolute, check_probe, command_of, endpoints, split_address
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import GATEWAY, SYSTEM_NAMESPACE, Name
from tulle.model.policies import Locality, Policy
from tulle.model.routes import Match, RouteRule, RouteSet
from tulle.model.security import PeerAuthentication, PeerMode, Rule
from tulle.model.services import Endpoint, Port, Resolution, Service, Subset
from tulle.model.workloads import Probe, Workload

TARGETS = ("versions", "to", "weights", "redirect", "respond")


def _versions(value: object) -> object:
    return {value: 1} if isinstance(value, str) else value


def _rule(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


def _allowed_path(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("/") or "*" in value[:-1]:
        refuse(f"must be a path that begins with / and may end in *, not {shown(value)}")
    return value


def _visible_to(value: object) -> object:
    if value not in {"*", "."} and not (isinstance(value, str) and LABEL.fullmatch(value)):
        refuse(f"must be a namespace, * for all or . for its own, not {shown(value)}")
    return value


VisibleTo = Annotated[str, BeforeValidator(_visible_to)]


class AllowSpec(Spec):
    """A permission; every part that is given must hold."""

    callers: Annotated[tuple[Caller, ...], Several()] = Field(
        (), alias="from", description="Services that may call: web, orders.shop; gateway for the gateway."
    )
    namespace: Labels = Field((), description="Namespaces of which every service may call.")
    methods: Methods = Field((), description="Only with these HTTP methods.")
    paths: Annotated[tuple[Annotated[str, BeforeValidator(_allowed_path)], ...], Several()] = Field(
        (), description="Only these paths; /api/* is everything below /api/."
    )
    ports: PortNumbers = Field((), description="Only these ports.")


class VersionSpec(RunSpec, VersionPolicySpec):
    """A version; what it does not say is as the service says."""


class ServiceRouteSpec(ActionSpec):
    """How some calls to this service are spread. The first rule that matches is used."""

    match: Annotated[tuple[CallMatchSpec, ...], Several()] = Field(
        (), description="Conditions, or a list of which any must hold; every call if not given."
    )
    versions: (
        Annotated[
            dict[Label, Weight],
            BeforeValidator(_versions, json_schema_input_type=str | dict[str, int]),
            AfterValidator(checked_weights),
        ]
        | None
    ) = Field(None, description="The version that gets the calls, or several with their shares.")


class ServiceSpec(RunSpec, PortsSpec, PolicySpec):
    """Something that can be called by name."""

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    account: Label | None = Field(None, description="Its identity; its name if not given.")
    calls: Annotated[tuple[Caller, ...], Several()] | None = Field(
        None, description="TCP and UDP services that it reaches by TULLE_<SERVICE>_ADDR; all if not given."
    )
    versions: dict[Label, VersionSpec] = Field(
        default_factory=dict, description="What differs between its versions, by name."
    )
    allow: (
        Annotated[
            tuple[Annotated[AllowSpec, BeforeValidator(_rule, json_schema_input_type=str | AllowSpec)], ...],
            Several(),
        ]
        | None
    ) = Field(None, description="Who may call it; every service of the mesh if not given, nobody if empty.")
    mtls: Literal["strict", "permissive", "disable"] | None = Field(
        None, description="What its sidecars take: mutual TLS only, plain text too, or plain text only."
    )
    hosts: Annotated[Hosts, Field(min_length=1)] | None = Field(
        None, description="Host names by which it is called, for a service outside: api.example.org, *.example.org."
    )
    resolution: Literal["dns", "dns_round_robin", "dynamic_dns", "none"] | None = Field(
        None, description="With hosts: how it is found; dns, dynamic_dns for wildcards, none for the called address."
    )
    visible_to: Annotated[tuple[VisibleTo, ...], Several()] = Field(
        ("*",), description="Namespaces whose workloads see it; * for all, . for its own."
    )
    routes: Annotated[tuple[ServiceRouteSpec, ...], Several()] = Field(
        (),
        description="How calls of other workloads are spread over its versions. Gateway routes have their own weights.",
    )


@dataclass(slots=True)
class _Reading:
    """One service while it is read."""

    part: Written
    spec: ServiceSpec
    name: Name
    ports: tuple[Port, ...] = ()

    def fragment(self) -> Fragment:
        self.ports = read_ports(self.part, self.spec, self.addressed_port())
        self.check_namespace()
        self.check_runs()
        self.check_hosts()
        service = self.service()
        workloads = tuple(self.workloads())
        routes, peers = self.routes(), self.peers()
        findings = tuple(self.part.findings)
        if any(finding.is_error for finding in findings):
            return Fragment(findings=findings)
        return Fragment(services=(service,), workloads=workloads, routes=routes, objects=peers, findings=findings)

    @property
    def account(self) -> str:
        return self.spec.account or self.name.name

    def check_namespace(self) -> None:
        """Its identities are those of gateways, agents and the control plane."""
        if self.name.namespace == SYSTEM_NAMESPACE:
            self.part.error((), f'cannot be in the namespace "{SYSTEM_NAMESPACE}", which belongs to the mesh itself')

    def addressed_port(self) -> int | None:
        """The port of the first address, for a service that does not say its own."""
        for spec in (self.spec, *self.spec.versions.values()):
            for text in spec.addresses or ():
                if number := split_address(text)[1]:
                    return number
        return None

    def check_runs(self) -> None:
        """Every version runs somewhere, in one way."""
        part, spec = self.part, self.spec
        runs = [((), spec)] if not spec.versions else []
        runs += [(("versions", name), version) for name, version in spec.versions.items()]  # type: ignore[misc]
        for path, run in runs:
            command, addresses = run.command or spec.command, run.addresses or spec.addresses
            if run.command is not None and run.addresses is not None:
                part.error((*path, "addresses"), "cannot stand beside command: it is run here, or it is there")
            elif command is None and addresses is None and spec.hosts is None:
                where = f'version "{path[1]}" ' if path else ""
                part.error((), f"{where}has neither command (to be run) nor addresses (where it runs)")
            elif addresses and not self.ports:
                part.error((*path,), "has addresses without a port; write port, or 10.0.0.5:8080")
            if run.unix_socket and len(self.ports) != 1:
                part.error((*path, "unix_socket"), "needs a service with exactly one port")
            check_probe(part, (*path, "ready"), run.ready, self.ports)
        if (
            spec.versions
            and any(v.addresses or spec.addresses for v in spec.versions.values())
            and any(v.command or (spec.command and not v.addresses) for v in spec.versions.values())
        ):
            part.error(("versions",), "has both versions that are run and versions with addresses; make two services")

    def service(self) -> Service:
        spec = self.spec
        addresses = list(self.addresses(spec, "")) if not spec.versions else []
        for name, version in spec.versions.items():
            addresses += self.addresses(version, name)
        policy = spec.policy(self.part.document.folder)
        return Service(
            name=self.name,
            origin=self.part.origin,
            ports=self.ports,
            account=self.account,
            subsets=tuple(self.subset(name, version, policy) for name, version in spec.versions.items()),
            policy=policy,
            allow=self.allow(),
            addresses=tuple(addresses),
            hosts=spec.hosts or (),
            resolution=self.resolution(),
            is_outside=spec.hosts is not None and not any(run.command for run in (spec, *spec.versions.values())),
            exports=spec.visible_to,
        )

    def addresses(self, run: RunSpec, version: str) -> tuple[Endpoint, ...]:
        labels = ((("version", version),) if version else ()) + self.own_labels(run)
        return endpoints(run.addresses or self.spec.addresses or (), self.ports, labels, self.locality(run))

    def own_labels(self, run: RunSpec) -> tuple[tuple[str, str], ...]:
        return tuple({**self.spec.labels, **run.labels}.items())

    def locality(self, run: RunSpec) -> Locality | None:
        text = run.locality or self.spec.locality
        return Locality.parse(text) if text is not None else None

    def subset(self, name: str, version: VersionSpec, policy: Policy) -> Subset:
        own = version.changed(policy, self.part.document.folder)
        return Subset(name=name, labels=(("version", name),), policy=own if own != policy else None)

    def resolution(self) -> Resolution:
        spec = self.spec
        if spec.hosts is None or spec.addresses or spec.command or spec.versions:
            return Resolution(spec.resolution or Resolution.ENDPOINTS)
        is_wild = any("*" in host for host in spec.hosts)
        return Resolution(spec.resolution or (Resolution.DYNAMIC_DNS if is_wild else Resolution.DNS))

    def check_hosts(self) -> None:
        """What is only for services that are called by other names."""
        spec, part = self.spec, self.part
        if spec.resolution is not None and spec.hosts is None:
            part.error(("resolution",), "needs hosts: the names by which it is called")
        if spec.hosts is None:
            return
        if not self.ports:
            part.error(("hosts",), "need a port; write port")
        if "*" in spec.hosts:
            part.error(("hosts",), "cannot be every host; write *.example.org")
        is_wild = any("*" in host for host in spec.hosts)
        if spec.resolution in {"dns", "dns_round_robin"} and is_wild and not spec.addresses:
            part.error(("resolution",), f"cannot be {spec.resolution} for a wildcard; write dynamic_dns or addresses")

    def peers(self) -> tuple[PeerAuthentication, ...]:
        """How its workloads may be called."""
        mode = self.spec.mtls
        if mode is None:
            return ()
        if self.spec.hosts is not None or self.spec.addresses is not None:
            self.part.error(("mtls",), "is for what runs here; for services elsewhere, write tls")
        label = self.spec.labels.get("app", self.name.name)
        name, origin = Name(self.name.namespace, f"service/{self.name.name}"), self.part.at("mtls")
        return (PeerAuthentication(name=name, origin=origin, selector=(("app", label),), mode=PeerMode(mode)),)

    def allow(self) -> tuple[Rule, ...] | None:
        if self.spec.allow is None:
            return None
        return tuple(self.permission(index, item) for index, item in enumerate(self.spec.allow))

    def permission(self, index: int, item: AllowSpec) -> Rule:
        numbers = {port.number: port for port in self.ports}
        for number in item.ports:
            if number not in numbers:
                self.part.error(("allow", index, "ports"), f"names port {number}, which the service does not have")
        guarded = [port for port in self.ports if not item.ports or port.number in item.ports]
        if (item.methods or item.paths) and not any(port.protocol.is_http for port in guarded):
            self.part.error(("allow", index), "has methods or paths, which can only be seen on HTTP ports")
        return Rule(
            origin=self.part.at("allow", index),
            callers=tuple(self.caller(text) for text in item.callers),
            namespaces=item.namespace,
            methods=item.methods,
            paths=item.paths,
            ports=item.ports,
        )

    def caller(self, text: str) -> Name:
        """The gateway is called `gateway` from everywhere."""
        return GATEWAY if text == GATEWAY.name else Name.parse(text, self.name.namespace)

    def workloads(self) -> Iterator[Workload]:
        spec = self.spec
        if not spec.versions and spec.command is not None and spec.addresses is None:
            yield self.workload(spec, (), "")
        for name, version in spec.versions.items():
            if (version.command or spec.command) and not version.addresses:
                yield self.workload(version, ("versions", name), name)

    def workload(self, run: RunSpec, path: tuple[str, ...], version: str) -> Workload:
        spec = self.spec
        given = run.model_fields_set
        ready = run.ready or spec.ready
        command = run.command or spec.command
        assert command is not None
        return Workload(
            name=Name(self.name.namespace, f"{self.name.name}-{version}" if version else self.name.name),
            origin=self.part.at(*path),
            service=self.name,
            command=command_of(command),
            directory=absolute(self.part.document.folder, run.directory or spec.directory),
            version=version,
            account=self.account,
            environment=tuple({**spec.env, **run.env}.items()),
            ports=self.ports,
            replicas=run.replicas if "replicas" in given else spec.replicas,
            probe=ready.model() if ready is not None else Probe(),
            drain=run.drain if "drain" in given else spec.drain,
            calls=None if spec.calls is None else tuple(Name.parse(call, self.name.namespace) for call in spec.calls),
            calls_origin=self.part.at("calls") if spec.calls is not None else None,
            unix_socket=run.unix_socket if "unix_socket" in given else spec.unix_socket,
            own_labels=self.own_labels(run),
            locality=self.locality(run),
        )

    def routes(self) -> tuple[RouteSet, ...]:
        if not self.spec.routes:
            return ()
        if not any(port.protocol.is_http for port in self.ports):
            self.part.error(("routes",), "are for HTTP; no port of the service speaks it")
        rules = tuple(self.rule(index, spec) for index, spec in enumerate(self.spec.routes))
        return (
            RouteSet(
                name=self.name,
                origin=self.part.at("routes"),
                service=self.name,
                rules=rules,
                by_specificity=False,
                drops_unknown=True,
            ),
        )

    def rule(self, index: int, spec: ServiceRouteSpec) -> RouteRule:
        path = ("routes", index)
        check_target(self.part, path, spec, TARGETS)
        matches = tuple(item.match() for item in spec.match) or (Match(),)
        if spec.versions is not None:
            backends = version_backends(self.part, path, spec.versions, self.name)
        else:
            backends = named_backends(self.part, path, spec)
        written = self.part.value["routes"]
        written = written[index] if isinstance(written, list) else written
        name = f"{self.name.name}{self.rule_name(written.get('match'))}"
        return rule(self.part, path, spec, matches, backends, name)

    @staticmethod
    def rule_name(match: object) -> str:
        """From what it matches, never from its position."""
        if isinstance(match, dict):
            return describe(match.get("path"), {key: value for key, value in match.items() if key != "path"})
        return describe(None, canonical(match) if match else None)


def read(part: Written) -> Fragment:
    """One service: what is called, what is run for it, how calls to it are spread."""
    spec = part.validated(ServiceSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    return _Reading(part, spec, part.document.key.name).fragment()


KIND = Kind(
    name="native/service",
    noun="service",
    section=("services",),
    shape=Shape.NAMED,
    schema=ServiceSpec,
    read=read,
)
