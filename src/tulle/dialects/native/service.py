"""`services`: what can be called, how it is run or where it is, who may call it, how calls are spread over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tulle.dialects.native import streams
from tulle.dialects.native.policy import VersionPolicySpec
from tulle.dialects.native.ports import read_ports
from tulle.dialects.native.rules import check_target, named_backends, rule, rule_name, version_backends
from tulle.dialects.native.running import RunSpec, absolute, check_probe, command_of, endpoints, split_address
from tulle.dialects.native.service_specs import TARGETS, AllowSpec, ServiceRouteSpec, ServiceSpec, VersionSpec
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment, Object
from tulle.model.names import CLUSTER_DOMAIN, GATEWAY, SYSTEM_NAMESPACE, Name
from tulle.model.policies import Locality, Policy
from tulle.model.routes import Match, RouteKind, RouteRule, RouteSet
from tulle.model.security import PeerAuthentication, PeerMode, Rule
from tulle.model.services import Destination, Endpoint, Port, Resolution, Service, Subset
from tulle.model.workloads import Probe, Workload


@dataclass(slots=True)
class _Reading:
    """One service while it is read."""

    part: Written
    spec: ServiceSpec
    name: Name
    ports: tuple[Port, ...] = ()
    runs: dict[str, VersionSpec] = field(init=False)
    """The versions that are run or are somewhere, and do not only select."""

    def __post_init__(self) -> None:
        inherits = self.spec.is_placed or not self.is_elsewhere
        self.runs = {
            name: each
            for name, each in self.spec.versions.items()
            if each.is_placed or (inherits and each.select is None)
        }

    def fragment(self) -> Fragment:
        self.ports = read_ports(self.part, self.spec, self.addressed_port(), self.spec.target)
        self.check_namespace()
        self.check_runs()
        self.check_hosts()
        service = self.service()
        workloads = tuple(self.workloads())
        routes = (*self.routes(), *self.streams())
        objects: tuple[Object, ...] = (*self.peers(), *self.port_policies())
        findings = tuple(self.part.findings)
        if any(finding.is_error for finding in findings):
            return Fragment(findings=findings)
        return Fragment(services=(service,), workloads=workloads, routes=routes, objects=objects, findings=findings)

    @property
    def account(self) -> str:
        # What only selects has the accounts of what it selects; of what is outside nobody knows any.
        is_own = self.is_run() or (not self.is_elsewhere and self.spec.addresses != ())
        return self.spec.account or (self.name.name if is_own else "")

    @property
    def is_elsewhere(self) -> bool:
        """Whether something else says where it is."""
        return self.spec.hosts is not None or self.spec.select is not None or self.spec.alias is not None

    @property
    def namespace(self) -> str:
        return self.name.namespace

    def check_namespace(self) -> None:
        """Its identities are those of gateways, agents and the control plane."""
        if self.name.namespace == SYSTEM_NAMESPACE:
            self.part.error((), f'cannot be in the namespace "{SYSTEM_NAMESPACE}", which belongs to the mesh itself')

    def addressed_port(self) -> int | None:
        """The port of the first address, for a service that does not say its own."""
        for spec in (self.spec, *self.spec.versions.values()):
            for each in spec.addresses or ():
                if number := split_address(each.address)[1]:
                    return number
        return None

    def check_runs(self) -> None:
        """Every version runs somewhere, in one way."""
        part, spec = self.part, self.spec
        runs = [((), spec)] if not self.runs else []
        runs += [(("versions", name), version) for name, version in self.runs.items()]  # type: ignore[misc]
        for path, run in runs:
            command, addresses = run.command or spec.command, run.addresses or spec.addresses
            if run.command is not None and run.addresses is not None:
                part.error((*path, "addresses"), "cannot stand beside command: it is run here, or it is there")
            elif command is None and addresses is None and not self.is_elsewhere:
                where = f'version "{path[1]}" ' if path else ""
                part.error((), f"{where}has neither command (to be run) nor addresses (where it runs)")
            elif addresses and not self.ports:
                part.error((*path,), "has addresses without a port; write port, or 10.0.0.5:8080")
            if run.unix_socket and len(self.ports) != 1:
                part.error((*path, "unix_socket"), "needs a service with exactly one port")
            check_probe(part, (*path, "ready"), run.ready, self.ports)
        placed = self.runs.values()
        if any(v.addresses or spec.addresses for v in placed) and any(
            v.command or (spec.command and not v.addresses) for v in placed
        ):
            part.error(("versions",), "has both versions that are run and versions with addresses; make two services")

    def service(self) -> Service:
        spec = self.spec
        addresses = list(self.addresses(spec, "")) if not self.runs else []
        for name, version in self.runs.items():
            addresses += self.addresses(version, name)
        policy = spec.policy(self.part.document.folder, self.namespace)
        return Service(
            name=self.name,
            origin=self.part.origin,
            ports=self.ports,
            account=self.account,
            subsets=tuple(self.subset(name, version, policy) for name, version in spec.versions.items()),
            policy=policy,
            allow=self.allow(),
            addresses=tuple(addresses),
            selector=tuple(sorted(spec.select.items())) if spec.select is not None else (),
            hosts=spec.hosts or (),
            virtual_addresses=spec.called,
            resolution=self.resolution(),
            is_outside=spec.hosts is not None and self.is_outside(),
            exports=spec.visible_to,
            alias=spec.alias or "",
            is_headless=spec.headless,
            identities=spec.identities,
            runs_here=spec.hosts is None or spec.select is not None or self.is_run(),
        )

    def is_run(self) -> bool:
        return any(run.command for run in (self.spec, *self.spec.versions.values()))

    def is_outside(self) -> bool:
        return not self.is_run() if self.spec.location is None else self.spec.location == "outside"

    def addresses(self, run: RunSpec, version: str) -> tuple[Endpoint, ...]:
        labels = ((("version", version),) if version else ()) + self.own_labels(run)
        return endpoints(run.addresses or self.spec.addresses or (), self.ports, labels, self.locality(run))

    def own_labels(self, run: RunSpec) -> tuple[tuple[str, str], ...]:
        return tuple({**self.spec.labels, **run.labels}.items())

    def locality(self, run: RunSpec) -> Locality | None:
        text = run.locality or self.spec.locality
        return Locality.parse(text) if text is not None else None

    def subset(self, name: str, version: VersionSpec, policy: Policy) -> Subset:
        own = self.changed(version, policy)
        return Subset(
            name=name,
            labels=tuple(sorted(version.select.items())) if version.select is not None else (("version", name),),
            policy=own if own != policy else None,
            port_policies=self.by_port(version.port_policies, own, ("versions", name, "port_policies")),
        )

    def changed(self, spec: VersionPolicySpec, policy: Policy) -> Policy:
        return spec.changed(policy, self.part.document.folder, self.namespace)

    def by_port(
        self, specs: dict[int, VersionPolicySpec], policy: Policy, path: tuple[str, ...]
    ) -> tuple[tuple[int, Policy], ...]:
        """Policies of single ports, which do not say again what holds for all of them."""
        for number in specs.keys() - {port.number for port in self.ports}:
            self.part.error((*path, str(number)), "is no port of the service")
        return tuple((number, self.changed(spec, policy)) for number, spec in sorted(specs.items()))

    def port_policies(self) -> tuple[Destination, ...]:
        """What is said about single ports of all versions."""
        spec, part = self.spec, self.part
        if not spec.port_policies:
            return ()
        policy = spec.policy(part.document.folder, self.namespace)
        return (
            Destination(
                name=Name(self.namespace, f"service/{self.name.name}"),
                origin=part.at("port_policies"),
                host=spec.hosts[0] if spec.hosts else f"{self.name}.svc.{CLUSTER_DOMAIN}",
                port_policies=self.by_port(spec.port_policies, policy, ("port_policies",)),
            ),
        )

    def resolution(self) -> Resolution:
        spec = self.spec
        if spec.hosts is None or spec.addresses or spec.command or self.runs or spec.select:
            return Resolution(spec.resolution or Resolution.ENDPOINTS)
        is_wild = any("*" in host for host in spec.hosts)
        return Resolution(spec.resolution or (Resolution.DYNAMIC_DNS if is_wild else Resolution.DNS))

    def check_hosts(self) -> None:
        """What is only for services that are called by other names."""
        spec, part = self.spec, self.part
        if spec.resolution is not None and spec.hosts is None:
            part.error(("resolution",), "needs hosts: the names by which it is called")
        if spec.location is not None and spec.hosts is None:
            part.error(("location",), "needs hosts: the names by which it is called")
        if spec.alias is not None and (spec.hosts is not None or spec.addresses is not None or self.is_run()):
            part.error(("alias",), "is another host; it can have no hosts, addresses or commands of its own")
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
        if not self.runs and spec.command is not None and spec.addresses is None:
            yield self.workload(spec, (), "")
        for name, version in self.runs.items():
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

    def streams(self) -> tuple[RouteSet, ...]:
        if not self.spec.streams:
            return ()
        if all(port.protocol.is_http for port in self.ports):
            self.part.error(("streams",), "are for TCP and TLS; every port of it speaks HTTP: write routes")
        rules = streams.rules(self.part, ("streams",), self.spec.streams, self.namespace, f"{self.name.name}/streams")
        return (
            RouteSet(
                name=Name(self.namespace, f"{self.name.name}/streams"),
                origin=self.part.at("streams"),
                service=self.name,
                streams=rules,
                kind=RouteKind.TCP,
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
        return rule(self.part, path, spec, matches, backends, rule_name(self.name.name, written.get("match")))


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
