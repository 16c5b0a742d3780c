"""A control plane without I/O: a publisher, and proxies that accept what they are sent (or do not)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tulle.flow.hosts import Hosts
from tulle.flow.publish import Publisher
from tulle.kit.codec import to_plain
from tulle.model.documents import BUILT_IN
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule, RouteSet
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Binding, Instance, InstanceState, Workload
from tulle.xds.messages import Node
from tulle.xds.replica import Replica
from tulle.xds.snapshot import CLUSTER, ENDPOINT, GATEWAY, LISTENER, ROUTE, VIRTUAL_HOST, WORKLOAD
from tulle.xds.subscription import Session

SETTINGS = Settings()
PORTS = (Port(name="http", number=80),)
GUARDS: dict[str, Guard] = {}
LISTENER_HTTP = Listener(name=Name("default", "http"), origin=BUILT_IN, port=8080)


def name(text: str) -> Name:
    return Name("default", text)


def service(text: str) -> Service:
    return Service(name=name(text), origin=BUILT_IN, ports=(Port(name="http", number=80),), account=text)


def workload(text: str, replicas: int = 1) -> Workload:
    return Workload(
        name=name(text),
        origin=BUILT_IN,
        service=name(text),
        command="serve",
        directory="/",
        account=text,
        replicas=replicas,
    )


def guard(text: str) -> Guard:
    """The same guard for the same name, as what did not change keeps its identity."""
    if text not in GUARDS:
        GUARDS[text] = Guard(
            workload=name(text), origin=BUILT_IN, service=name(text), account=text, answers=(name(text),), ports=PORTS
        )
    return GUARDS[text]


def route_set(text: str, target: str, *, of: str = "") -> RouteSet:
    backend = Backend(service=name(target), origin=BUILT_IN)
    rule = RouteRule(name=text, origin=BUILT_IN, matches=(Match(),), action=Forward(backends=(backend,)))
    return RouteSet(
        name=name(text),
        origin=BUILT_IN,
        hosts=() if of else (f"{text}.test",),
        service=name(of) if of else None,
        rules=(rule,),
    )


def mesh(*services: str, routes: tuple[RouteSet, ...] = (), rules: tuple[RouteSet, ...] = ()) -> Mesh:
    """A mesh of services that are run once each; with `routes` it has a gateway."""
    return Mesh(
        settings=SETTINGS,
        services={name(each): service(each) for each in services},
        workloads={name(each): workload(each) for each in services},
        guards={name(each): guard(each) for each in services},
        listeners={LISTENER_HTTP.name: LISTENER_HTTP} if routes else {},
        gateway_routes=routes,
        service_routes={each.service: (each,) for each in rules if each.service},
    )


def instance(text: str, number: int = 1, state: InstanceState = InstanceState.READY) -> Instance:
    port = 9000 + sum(map(ord, text)) + number
    binding = Binding(
        name="http", protocol=Protocol.HTTP, address="127.0.0.1", port=port, application=f"127.0.0.1:{port + 1000}"
    )
    return Instance(
        id=f"{text}-{number}",
        workload=name(text),
        service=name(text),
        host="here",
        account=text,
        state=state,
        bindings=(binding,),
        outbound="127.0.0.1:15001",
    )


@dataclass
class Client:
    """A proxy (or agent) on the other end of a session: takes everything, but for what `refuses` names."""

    session: Session
    replica: Replica
    refuses: frozenset[str] = frozenset()
    complaint: str = "not to my taste"
    received: int = 0

    def names(self, type_url: str) -> set[str]:
        return set(self.replica.table(type_url))

    def want_endpoints(self) -> None:
        clusters = self.replica.table(CLUSTER).values()
        self.replica.subscribe(ENDPOINT, {each.endpoints_name for each in clusters} - {""})

    def call(self, *authorities: str) -> None:
        self.replica.subscribe(VIRTUAL_HOST, {f"outbound.default/{each}" for each in authorities})


@dataclass
class World:
    """Publisher, hosts and everybody who is connected."""

    directory: Path
    changes: list[None] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hosts = Hosts(self.directory / "hosts.json", lambda: self.publisher.hosts_changed())
        self.publisher = Publisher(self.hosts, lambda: self.changes.append(None))

    def connect(self, node: Node, namespace: str, account: str, *types: str) -> Client:
        identity = f"spiffe://{self.publisher.mesh.settings.trust_domain}/ns/{namespace}/sa/{account}"
        client = Client(Session(self.publisher, identity), Replica(node, wildcard=types))
        client.replica.connected()
        self.clients.append(client)
        self.settle()
        return client

    def sidecar(self, of: Instance) -> Client:
        claims = {"role": "sidecar", "host": "here", "instance": to_plain(of), "admin": "unix:/a"}
        node = Node(of.id, metadata=claims)
        client = self.connect(node, of.service.namespace, of.account, CLUSTER, LISTENER)
        client.replica.subscribe(ROUTE, {"outbound.default"})
        self.settle()
        return client

    def gateway(self) -> Client:
        node = Node("gateway-here", metadata={"role": "gateway", "host": "here"})
        client = self.connect(node, "tulle-system", "gateway", CLUSTER, LISTENER, VIRTUAL_HOST)
        client.replica.subscribe(ROUTE, {"gateway.127.0.0.1:8080"})
        self.settle()
        return client

    def agent(self) -> Client:
        node = Node("agent-here", metadata={"role": "agent", "host": "here"})
        return self.connect(node, "tulle-system", "agent-here", WORKLOAD, GATEWAY)

    def settle(self) -> None:
        """Let everybody talk until nobody has anything to say."""
        while any([self._exchange(client) for client in self.clients]):
            pass

    def _exchange(self, client: Client) -> bool:
        said = False
        for message in iter(client.replica.next_request, None):
            client.session.receive(message)
            said = True
        for message in iter(client.session.next_response, None):
            delta = client.replica.receive(message)
            client.received += 1
            bad = {each: client.complaint for each in delta.changed if each in client.refuses}
            if bad:
                client.replica.nack(delta, bad)
            else:
                client.replica.ack(delta)
            if client.session.node and client.session.node.metadata["role"] != "agent":
                client.want_endpoints()
            said = True
        return said

    def do(self, change: Callable[[], None]) -> list[int]:
        """Make a change, let it spread, and say how many messages each client received because of it."""
        before = [client.received for client in self.clients]
        change()
        self.settle()
        return [client.received - count for client, count in zip(self.clients, before, strict=True)]
