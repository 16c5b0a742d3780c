"""A mesh with one of everything that the compiler knows."""

from __future__ import annotations

import dataclasses
import itertools
import socket
from typing import Any

from tulle.model.documents import Origin
from tulle.model.guards import Guard
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.policies import (
    Balance,
    CircuitBreaker,
    Fault,
    HashOn,
    HealthCheck,
    LoadBalancing,
    OutlierDetection,
    Policy,
    RateLimit,
    Retry,
)
from tulle.model.routes import (
    Backend,
    Forward,
    HeaderChanges,
    Match,
    Mirror,
    PathKind,
    PathMatch,
    Redirect,
    Respond,
    Rewrite,
    RouteRule,
    RouteSet,
    ValueKind,
    ValueMatch,
)
from tulle.model.security import Rule
from tulle.model.services import Endpoint, Port, Protocol, Service, Subset
from tulle.model.workloads import Binding, Instance, InstanceState
from tulle.model.workloads import Forward as LocalPort

HERE = Origin("file", "mesh.yaml")


_given: set[int] = set()
"""Ports that were handed out: as long as nobody holds them they would be found again."""


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now, and that was not handed out before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def service(name: str, *ports: Port, **more: Any) -> Service:
    return Service(name=Name("default", name), origin=HERE, ports=ports, account=name, **more)


def http(number: int = 8000) -> Port:
    return Port(name="http", number=number)


def backend(name: str, **more: Any) -> Backend:
    return Backend(service=Name("default", name), origin=HERE, **more)


def rule(name: str, action: Any, *matches: Match, **more: Any) -> RouteRule:
    return RouteRule(name=name, origin=HERE, matches=matches or (Match(),), action=action, **more)


def path(kind: PathKind, value: str, **more: Any) -> Match:
    return Match(path=PathMatch(kind, value), **more)


def prefix(value: str, **more: Any) -> Match:
    return path(PathKind.PREFIX, value, **more)


def services(addresses: dict[str, int]) -> tuple[Service, ...]:
    places = {name: (Endpoint(address="127.0.0.1", port=port),) for name, port in addresses.items()}
    versions = tuple(
        Subset(name=each, labels=(("version", each),), policy=Policy(connect_timeout=1) if each == "v2" else None)
        for each in ("v1", "v2")
    )
    everything = Policy(
        load_balancing=LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(cookie="who", cookie_ttl=60)),
        circuit_breaker=CircuitBreaker(max_connections=10, max_pending_requests=10, max_requests=10, max_retries=2),
        outlier_detection=OutlierDetection(consecutive_gateway_errors=3),
        idle_timeout=30,
    )
    slow = LoadBalancing(balance=Balance.ROUND_ROBIN, slow_start=5)
    maglev = LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(header="x-user"))
    by_query = LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(query="q"))
    by_source = LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(source_ip=True), slow_start=1)
    only_web = Rule(origin=HERE, callers=(Name("default", "web"),))
    reading = Rule(origin=HERE, namespaces=("default",), methods=("GET",), paths=("/open*", "/exact"))
    return (
        service("web", http()),
        service("catalogue", http(), subsets=versions, policy=everything),
        service("ratings", Port(name="grpc", number=9000, protocol=Protocol.GRPC), allow=(only_web,)),
        service("db", Port(name="tcp", number=5432, protocol=Protocol.TCP), allow=(only_web,)),
        service("dns", Port(name="udp", number=5353, protocol=Protocol.UDP)),
        service("guarded", http(), allow=(reading,), policy=Policy(load_balancing=slow)),
        service("closed", http(), allow=()),
        service("limited", http(), policy=Policy(rate_limit=RateLimit(requests=2, per=60))),
        service(
            "legacy",
            http(80),
            Port(name="h2", number=81, protocol=Protocol.HTTP2),
            addresses=places["legacy"],
            policy=Policy(
                load_balancing=maglev, health_check=HealthCheck(path="/health", interval=0.2, unhealthy_after=1)
            ),
        ),
        service(
            "named",
            http(80),
            addresses=(dataclasses.replace(places["legacy"][0], address="localhost"),),
            policy=Policy(load_balancing=LoadBalancing(balance=Balance.RANDOM), health_check=HealthCheck(interval=0.2)),
        ),
        service("dead", http(), addresses=(Endpoint(address="127.0.0.1", port=addresses["dead"]),)),
        service(
            "query",
            http(80),
            addresses=places["legacy"],
            policy=Policy(load_balancing=by_query),
        ),
        service(
            "source",
            http(80),
            addresses=places["legacy"],
            policy=Policy(load_balancing=by_source),
        ),
    )


def mesh_routes() -> dict[Name, tuple[RouteSet, ...]]:
    v1, v2 = backend("catalogue", subset="v1"), backend("catalogue", subset="v2")
    wants_v2 = ValueMatch("x-version", ValueKind.EXACT, "v2")
    rules = (
        rule("split", Forward(backends=(dataclasses.replace(v1, weight=90), dataclasses.replace(v2, weight=10)))),
        rule("v2", Forward(backends=(v2,), timeout=5), Match(headers=(wants_v2,))),
        rule("strip", Forward(backends=(v1,), rewrite=Rewrite(prefix="/")), prefix("/strip")),
        rule("late", Forward(backends=(v1,)), prefix("/late"), fault=Fault(delay=0.3)),
        rule("broken", Forward(backends=(v1,)), prefix("/broken"), fault=Fault(abort_status=418)),
        rule(
            "retried",
            Forward(
                backends=(v1,),
                retry=Retry(attempts=3, conditions=("5xx",), status_codes=(404,), per_try_timeout=2, backoff=0.01),
            ),
            prefix("/retried"),
        ),
        rule("mirrored", Forward(backends=(v1,), mirrors=(Mirror(backend=v2),)), prefix("/mirrored")),
        rule("ghost", Forward(backends=(backend("ghost"),)), prefix("/ghost")),
        rule("mixed", Forward(backends=(backend("ghost"), v1)), prefix("/mixed")),
        rule("idle", Forward(backends=(backend("web", weight=0),)), prefix("/idle")),
    )
    name = Name("default", "catalogue")
    return {name: (RouteSet(name=name, origin=HERE, service=name, rules=rules),)}


def gateway_routes() -> tuple[RouteSet, ...]:
    one = Forward(backends=(backend("catalogue", subset="v1"),))
    conditions = Match(
        path=PathMatch(PathKind.REGEX, "/a.*z", ignore_case=True),
        methods=("GET", "HEAD"),
        headers=(
            ValueMatch("x-a", ValueKind.PREFIX, "a"),
            ValueMatch("x-b", ValueKind.EXACT, "no", invert=True),
            ValueMatch("x-c", ValueKind.REGEX, "c+"),
            ValueMatch("x-d", ValueKind.PRESENT, invert=True),
        ),
        query=(
            ValueMatch("q", ValueKind.SUFFIX, "x"),
            ValueMatch("p", ValueKind.PRESENT),
            ValueMatch("n", ValueKind.EXACT, "1", invert=True),
            ValueMatch("m", ValueKind.CONTAINS, "mm"),
        ),
    )
    changes = HeaderChanges(
        set=(("x-set", "100%%"), ("host", "other.example")), add=(("x-add", "1"),), remove=("x-gone",)
    )
    rules = (
        rule("all", one),
        rule("conditions", Respond(status=299, body="conditions"), conditions),
        rule(
            "exact",
            Respond(status=200, body="exact", headers=(("content-type", "text/x"),)),
            path(PathKind.EXACT, "/exact"),
        ),
        rule("api", dataclasses.replace(one, rewrite=Rewrite(prefix="/v1/")), prefix("/api/")),
        rule("strip", dataclasses.replace(one, rewrite=Rewrite(prefix="/")), prefix("/strip")),
        rule("text", dataclasses.replace(one, rewrite=Rewrite(prefix="/")), path(PathKind.TEXT_PREFIX, "/text")),
        rule("whole", dataclasses.replace(one, rewrite=Rewrite(path="/w\\1", host="h.example")), prefix("/whole")),
        rule("regex", dataclasses.replace(one, rewrite=Rewrite(regex=("^/regex/(.*)$", "/\\1/r"))), prefix("/regex")),
        rule(
            "moved", Redirect(scheme="https", host="new.example", port=8443, path="/new", status=308), prefix("/moved")
        ),
        rule("renamed", Redirect(prefix="/", status=302), prefix("/renamed")),
        rule(
            "headers",
            one,
            prefix("/headers"),
            request_headers=changes,
            response_headers=HeaderChanges(set=(("x-r", "r"),)),
        ),
        rule("fault", one, prefix("/fault"), fault=Fault(abort_status=503)),
        rule("limited", one, prefix("/limited"), rate_limit=RateLimit(requests=2, per=60, burst=2)),
        rule("down", Forward(backends=(backend("dead"),)), prefix("/down")),
        rule("slow", Forward(backends=(backend("catalogue"),), timeout=0.2), prefix("/slow")),
    )
    name = Name("default", "shop")
    return (
        RouteSet(name=name, origin=HERE, hosts=("shop.example",), rules=rules),
        RouteSet(name=name, origin=HERE, hosts=("*.wild.example",), rules=(rule("wild", one),)),
        RouteSet(
            name=name,
            origin=HERE,
            hosts=("shop.example", "ordered.example:8080"),
            by_specificity=False,
            rules=(rule("first", Respond(status=201), prefix("/ordered")),),
        ),
    )


def kitchen(addresses: dict[str, int], **settings: Any) -> Mesh:
    """The whole mesh; `addresses` are the ports of applications and listeners."""
    certificates = (
        Certificate(certificate_file="/a.pem", key_file="/a.key"),
        Certificate(certificate_file="/b.pem", key_file="/b.key", hosts=("b.example",)),
    )
    protocols = {each: each.value for each in ListenerProtocol}
    listeners = [
        Listener(
            name=Name("default", name),
            origin=HERE,
            port=addresses[f"gateway-{name}"],
            protocol=protocol,
            certificates=certificates if protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS} else (),
            backends=()
            if protocol.is_http
            else (backend("dns"),)
            if protocol is ListenerProtocol.UDP
            else (backend("echo"), backend("echo", weight=3)),
        )
        for protocol, name in protocols.items()
    ]
    listeners.append(
        Listener(
            name=Name("default", "plain"),
            origin=HERE,
            port=addresses["gateway-plain"],
            redirect_to_https=addresses["gateway-https"],
        )
    )
    echo = service(
        "echo",
        Port(name="tcp", number=7, protocol=Protocol.TCP),
        addresses=(Endpoint(address="127.0.0.1", port=addresses["echo"]),),
    )
    everything = (*services(addresses), echo)
    return Mesh(
        settings=Settings(**settings),
        services={each.name: each for each in everything},
        guards={each.name: guard(each) for each in everything if not each.addresses},
        listeners={each.name: each for each in listeners},
        gateway_routes=gateway_routes(),
        service_routes=mesh_routes(),
    )


def guard(of: Service) -> Guard:
    """What the proxies of the workload that a service is run by enforce, as far as the service itself says it."""
    return Guard(
        workload=of.name,
        origin=of.origin,
        service=of.name,
        account=of.account,
        answers=(of.name,),
        ports=of.ports,
        allow=of.allow,
        rate_limit=of.policy.rate_limit,
    )


def instance(name: str, version: str, *bindings: Binding, **more: Any) -> Instance:
    own = Name("default", name)
    labels = (("app", name), ("version", version))
    return Instance(
        id=f"{name}-{version}",
        workload=own,
        service=own,
        host="here",
        account=name,
        state=InstanceState.READY,
        version=version,
        labels=labels,
        bindings=bindings,
        **more,
    )


def instances(ports: dict[str, int], first_port: int = 0) -> tuple[Instance, ...]:
    """The caller (`web-v1`), another one that nobody knows, and what they call.

    Sidecars listen on free ports, or from `first_port` on.
    """
    numbers = itertools.count(first_port) if first_port else itertools.repeat(0)

    def binding(name: str, protocol: Protocol, application: int) -> Binding:
        return Binding(
            name=name,
            protocol=protocol,
            address="127.0.0.1",
            port=next(numbers) or free_port(),
            application=f"127.0.0.1:{application}",
        )

    forwards = (
        LocalPort(
            service=Name("default", "db"),
            port=5432,
            protocol=Protocol.TCP,
            address=f"127.0.0.1:{ports['forward-tcp']}",
        ),
        LocalPort(
            service=Name("default", "dns"),
            port=5353,
            protocol=Protocol.UDP,
            address=f"127.0.0.1:{ports['forward-udp']}",
        ),
    )
    web = binding("http", Protocol.HTTP, ports["v1"])
    udp = Binding(
        name="udp",
        protocol=Protocol.UDP,
        address="127.0.0.1",
        port=ports["udp"],
        application=f"127.0.0.1:{ports['udp']}",
    )
    return (
        instance("web", "v1", web, outbound=f"127.0.0.1:{ports['outbound']}", forwards=forwards),
        instance("stranger", "v1", outbound=f"127.0.0.1:{ports['stranger']}"),
        instance("catalogue", "v1", binding("http", Protocol.HTTP, ports["v1"])),
        instance("catalogue", "v2", binding("http", Protocol.HTTP, ports["v2"])),
        instance("ratings", "v1", binding("grpc", Protocol.GRPC, ports["grpc"])),
        instance("db", "v1", binding("tcp", Protocol.TCP, ports["echo"])),
        instance("guarded", "v1", binding("http", Protocol.HTTP, ports["v1"])),
        instance("limited", "v1", binding("http", Protocol.HTTP, ports["v1"])),
        instance("dns", "v1", udp),
    )
