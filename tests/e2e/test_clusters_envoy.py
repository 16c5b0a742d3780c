"""Real Envoys accept every kind of cluster, and choose, encrypt and give up as their policies say."""

from __future__ import annotations

import http.client
import http.server
import itertools
import json
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.applications import Application, Server, served
from tests.e2e.machine import eventually
from tests.e2e.mini import Plane, running
from tests.envoy.kitchen import HERE, backend, free_port, guard, instance, prefix, rule, service
from tests.envoy.kitchen import http as http_port
from tulle.envoy import clusters
from tulle.envoy.callers import Caller
from tulle.envoy.treatments import treatment
from tulle.identity.authority import Authority, ServerNames
from tulle.identity.keys import key_pem, new_key, request
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import (
    Balance,
    CircuitBreaker,
    ClientTls,
    ConnectionPool,
    HashOn,
    HealthCheck,
    Keepalive,
    LoadBalancing,
    Locality,
    LocalityBalancing,
    OutlierDetection,
    Policy,
    RetryBudget,
    TlsMode,
)
from tulle.model.routes import Forward, RouteSet
from tulle.model.security import Identity
from tulle.model.services import Destination, Endpoint, Port, Protocol, Resolution, Service, Subset
from tulle.model.workloads import Binding, Instance
from tulle.xds.snapshot import CLUSTER, Resource, Snapshot
from tulle.xds.subscription import Session

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

EU, US = Locality(region="eu", zone="a"), Locality(region="us")
SECRET = Name("default", "client")
NOTICES = OutlierDetection(
    consecutive_5xx=1, interval=0.1, ejection_time=2.0, max_ejection_percent=100, error_codes=(429,)
)
ROUNDS = 24


class Slow(Application):
    """Answers after as many seconds as it is told."""

    def answer(self) -> None:
        time.sleep(float(self.headers.get("x-delay", "0")))
        super().answer()

    do_GET = answer


class Bare(http.server.BaseHTTPRequestHandler):
    """Reads what stands before the request; a PROXY protocol header, if there is one."""

    def handle(self) -> None:
        seen = self.connection.recv(4096)
        while b"\r\n\r\n" not in seen:
            seen += self.connection.recv(4096)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + seen.partition(b"GET ")[0].hex().encode())


@dataclass
class TlsServer:
    """Says which name it was asked for, and who the client is."""

    port: int
    asked: list[str | None] = field(default_factory=list)


@contextmanager
def application(name: str, kind: type[Any] = Application) -> Iterator[int]:
    with served(Server(("127.0.0.1", 0), type("Named", (kind,), {"name": name}))) as port:
        yield port


@contextmanager
def tls_application(directory: Path, chain: bytes, key: bytes, clients: bytes = b"") -> Iterator[TlsServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, content in (("chain", chain), ("key", key)):
        (directory / name).write_bytes(content)
    context.load_cert_chain(directory / "chain", directory / "key")
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.decode())
    found = TlsServer(0)
    context.sni_callback = lambda _socket, name, _context: found.asked.append(name)

    class Encrypted(Server):
        def get_request(self) -> Any:
            connection, peer = self.socket.accept()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), peer

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with served(Encrypted(("127.0.0.1", 0), type("Named", (Application,), {"name": "tls"}))) as found.port:
        yield found


@dataclass(frozen=True)
class World:
    outbound: int
    plane: Plane
    tls: TlsServer
    picky: TlsServer

    def call(self, url: str, **headers: str) -> tuple[int, str]:
        """Status and body of a call by the sidecar."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.outbound, timeout=10)) as connection:
            connection.request("GET", f"http://{url}", headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def who(self, url: str, **headers: str) -> str:
        """The name of the application that answers."""
        status, body = self.call(url, **headers)
        assert status == 200, body
        return str(json.loads(body)["name"])

    def everybody(self, url: str) -> set[str]:
        return {self.who(url) for _ in range(ROUNDS)}


def at(port: int, **more: Any) -> Endpoint:
    return Endpoint(address="127.0.0.1", port=port, **more)


def simple(mode: TlsMode = TlsMode.SIMPLE, **more: Any) -> Policy:
    return Policy(tls=ClientTls(mode=mode, **more))


def of_default(host: str, **more: Any) -> Destination:
    return Destination(name=Name("default", host), origin=HERE, host=f"{host}.default.svc.cluster.local", **more)


def signed(authority: Authority, name: str) -> tuple[bytes, bytes]:
    key = new_key()
    return authority.sign(request(key), Identity("x", "x", name), 3600, ServerNames(dns=(name,))), key_pem(key)


def mesh(ports: dict[str, int], instances: tuple[Instance, ...]) -> Mesh:
    one, two = at(ports["one"], labels=(("v", "1"),)), at(ports["two"], labels=(("v", "2"),))
    near, far = replace(one, locality=EU), replace(two, locality=US)
    only_far = LocalityBalancing(distribute=(("eu/*", (("us", 100),)),))
    by_user = LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(header="x-user"), minimum_ring_size=256)
    versions = tuple(Subset(name=f"v{each}", labels=(("v", each),)) for each in "12")
    tls, picky = (at(ports["tls"]),), (at(ports["picky"]),)
    (binding,) = instances[1].bindings
    behind = Endpoint(address=binding.address, port=binding.port, is_meshed=True)
    keeps = Policy(pool=ConnectionPool(use_client_protocol=True, tcp_keepalive=Keepalive(time=5)))

    def found(name: str, policy: Policy = Policy(), *places: Endpoint, **more: Any) -> Service:  # noqa: B008
        return service(name, http_port(80), policy=policy, addresses=places, **more)

    services = (
        found("web"),
        found("near", Policy(outlier_detection=NOTICES), near, far),
        found("spread", Policy(load_balancing=LoadBalancing(locality=only_far)), near, far),
        found("sticky", Policy(load_balancing=by_user), one, two),
        found("limited", Policy(circuit_breaker=CircuitBreaker(max_requests=1)), at(ports["slow"])),
        found("versioned", Policy(), one, two, destinations=(of_default("versioned", subsets=versions),)),
        found("told1", Policy(proxy_protocol=1), at(ports["bare"])),
        found("told2", Policy(proxy_protocol=2), at(ports["bare"])),
        found("secure", simple(), *tls),
        found("stranger", simple(), *tls),
        found("renamed", simple(server_name="secure"), *tls),
        found("other", simple(server_name="secure", subject_alt_names=("secure",)), *tls),
        found("wrong", simple(subject_alt_names=("elsewhere.example",)), *tls),
        found("careless", simple(skips_verification=True), *tls),
        found("untrusting", simple(ca_file="/other-ca.pem"), *tls),
        found("picky", simple(TlsMode.MUTUAL, secret=SECRET), *picky),
        found("refused", simple(), *picky),
        found("mixed", Policy(), one, behind, accounts=("back",)),
        found("mixed-names", Policy(), one, replace(behind, address="localhost"), accounts=("back",)),
        found("named", simple(server_name="secure"), *tls, resolution=Resolution.DNS),
        found("first", simple(server_name="secure"), *tls, resolution=Resolution.DNS_ROUND_ROBIN),
        found("alias", Policy(), alias="localhost"),
        found("kept", keeps, behind, accounts=("back",)),
        found("back"),
    )
    routed = tuple(
        rule(each.name, Forward(backends=(backend("versioned", subset=each.name),)), prefix(f"/{each.name}"))
        for each in versions
    )
    name = Name("default", "versioned")
    return Mesh(
        services={each.name: each for each in services},
        guards={each.name: guard(each) for each in services if each.name.name in {"web", "back"}},
        service_routes={name: (RouteSet(name=name, origin=HERE, service=name, rules=routed),)},
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("clusters")
    authority, other = (Authority.open(directory / each, trust_domain="cluster.local") for each in ("ca", "other"))
    (directory / "picky").mkdir()
    with ExitStack() as stack:
        ports = {each: stack.enter_context(application(each)) for each in ("one", "two", "back")}
        ports["slow"] = stack.enter_context(application("slow", Slow))
        ports["bare"] = stack.enter_context(application("bare", Bare))
        chain, key = signed(authority, "secure")
        tls = stack.enter_context(tls_application(directory, chain, key))
        picky = stack.enter_context(
            tls_application(directory / "picky", *signed(authority, "picky"), authority.bundle.pem)
        )
        ports |= {"tls": tls.port, "picky": picky.port}
        outbound = free_port()
        binding = Binding(
            name="http",
            protocol=Protocol.HTTP,
            address="127.0.0.1",
            port=free_port(),
            application=f"127.0.0.1:{ports['back']}",
        )
        here = (("topology.kubernetes.io/region", "eu"), ("topology.kubernetes.io/zone", "a"))
        instances = (
            replace(instance("web", "v1", outbound=f"127.0.0.1:{outbound}"), labels=here),
            instance("back", "v1", binding),
        )
        plane = Plane(
            mesh(ports, instances),
            instances,
            authority,
            files={"secret|default/client": signed(authority, "me")},
            bundles={
                "secret-ca|default/client": authority.bundle.pem,
                "client-ca|/other-ca.pem": other.bundle.pem,
            },
        )
        with running(plane, [each.id for each in instances], directory):
            found = World(outbound, plane, tls, picky)
            eventually(lambda: found.call("sticky/")[0] == 200)
            eventually(lambda: found.call("back/")[0] == 200)
            yield found
        assert plane.refusals == {}


def test_the_nearest_endpoint_is_called_until_it_fails(world: World) -> None:
    assert world.everybody("near/") == {"one"}
    assert world.call("near/", x_answer="500")[0] == 500
    eventually(lambda: world.everybody("near/") == {"two"}, what="the far endpoint")
    eventually(lambda: world.who("near/") == "one", what="back to the near endpoint")
    assert world.call("near/", x_answer="429")[0] == 429
    eventually(lambda: world.who("near/") == "two", what="other statuses count too")


def test_shares_of_localities_hold(world: World) -> None:
    assert world.everybody("spread/") == {"two"}


def test_a_key_stays_with_its_endpoint(world: World) -> None:
    for user in ("a", "b", "c"):
        assert len({world.who("sticky/", x_user=user) for _ in range(8)}) == 1
    assert {world.who("sticky/", x_user=str(each)) for each in range(64)} == {"one", "two"}


def test_a_version_has_the_endpoints_with_its_labels(world: World) -> None:
    assert world.everybody("versioned/v1") == {"one"}
    assert world.everybody("versioned/v2") == {"two"}
    assert world.everybody("versioned/") == {"one", "two"}


def test_what_is_too_much_is_refused_at_once(world: World) -> None:
    assert world.call("limited/")[0] == 200
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(world.call, "limited/", x_delay="1") for _ in range(4)]
        statuses = sorted(each.result()[0] for each in calls)
    assert statuses[0] == 200
    assert statuses[-1] == 503


def test_the_server_is_told_who_the_client_is(world: World) -> None:
    first, second = (bytes.fromhex(world.call(f"{each}/")[1]) for each in ("told1", "told2"))
    assert first.startswith(b"PROXY TCP4 127.0.0.1 ")
    assert second.startswith(b"\r\n\r\n\0\r\nQUIT\n")


def test_tls_names_the_host_and_wants_a_certificate_for_it(world: World) -> None:
    assert world.who("secure/") == "tls"
    assert world.tls.asked[-1] == "secure"
    assert world.call("stranger/")[0] == 503
    assert world.tls.asked[-1] == "stranger"


def test_tls_may_name_and_expect_another(world: World) -> None:
    for host in ("renamed/", "other/"):
        world.tls.asked.clear()
        assert world.who(host) == "tls"
        assert set(world.tls.asked) <= {"secure"}
    assert world.call("wrong/")[0] == 503


def test_only_trusted_authorities_count_unless_nobody_cares(world: World) -> None:
    assert world.call("untrusting/")[0] == 503
    assert world.who("careless/") == "tls"


def test_the_client_shows_the_certificate_of_its_secret(world: World) -> None:
    assert world.who("picky/") == "tls"
    assert world.call("refused/")[0] == 503


def test_sidecars_are_called_by_mutual_tls_and_their_neighbours_are_not(world: World) -> None:
    answers = [json.loads(world.call("mixed/")[1]) for _ in range(ROUNDS)]
    seen = {(each["name"], "x-forwarded-client-cert" in each["headers"]) for each in answers}
    assert seen == {("one", False), ("back", True)}


def test_names_and_addresses_in_dns_may_be_encrypted_too(world: World) -> None:
    assert world.everybody("mixed-names/") == {"one", "back"}
    assert world.who("named/") == "tls"
    assert world.who("first/") == "tls"
    assert world.call("alias/")[0] == 503


def test_the_protocol_of_the_caller_may_be_kept_to_a_sidecar(world: World) -> None:
    assert world.who("kept/") == "back"


def kinds() -> Iterator[tuple[Service, Port]]:
    """Clusters of every kind."""
    by_name, by_address = at(1, labels=(("a", "b"),)), Endpoint(address="host.example", port=2)
    ports = tuple(Port(name=each, number=80 + index, protocol=each) for index, each in enumerate(Protocol))
    pool = ConnectionPool(
        max_connection_duration=1,
        tcp_keepalive=Keepalive(probes=1, time=1, interval=1),
        http2_keepalive=Keepalive(interval=1, timeout=1),
        max_requests_per_connection=1,
        max_concurrent_streams=1,
        upgrade_to_http2=True,
    )
    policies = [
        *(Policy(load_balancing=LoadBalancing(balance=each, slow_start=1)) for each in Balance),
        Policy(load_balancing=LoadBalancing(slow_start=1, slow_start_aggression=2, slow_start_minimum_percent=1)),
        Policy(load_balancing=LoadBalancing(balance=Balance.MAGLEV, table_size=251)),
        Policy(load_balancing=LoadBalancing(balance=Balance.RING_HASH, minimum_ring_size=4096)),
        Policy(load_balancing=LoadBalancing(locality=LocalityBalancing(distribute=(("*", (("eu", 1),)),)))),
        Policy(circuit_breaker=CircuitBreaker(retry_budget=RetryBudget()), pool=pool),
        Policy(pool=ConnectionPool(use_client_protocol=True), outlier_detection=NOTICES),
        Policy(outlier_detection=OutlierDetection(splits_local_errors=True, min_health_percent=10)),
        Policy(health_check=HealthCheck(path="/"), idle_timeout=3),
        *(replace(simple(mode), proxy_protocol=1) for mode in TlsMode),
        simple(TlsMode.MUTUAL, secret=SECRET, subject_alt_names=("a", "spiffe://b/c", "1.2.3.4")),
        simple(server_name="x", skips_verification=True),
    ]
    numbers = itertools.count()
    for policy in policies:
        for resolution in Resolution:
            for hosts in ((), ("api.example",), ("*.example",)):
                for places in ((), (by_address,), (by_name,), (by_address, by_name, replace(by_name, is_meshed=True))):
                    number = next(numbers)
                    of = service(
                        f"s{number}", *ports, resolution=resolution, hosts=hosts, addresses=places, policy=policy
                    )
                    # Not a divisor of the number of places, so that all of them meet all protocols.
                    yield of, ports[number // 4 % len(ports)]
        yield service(f"a{next(numbers)}", *ports, alias="other.example", policy=policy), ports[0]
    # Once: Envoy needs half a second for a ring of that size.
    large = Policy(load_balancing=LoadBalancing(balance=Balance.RING_HASH, minimum_ring_size=2**30))
    yield service("large", *ports, addresses=(by_name,), policy=large), ports[0]


@dataclass
class Everything(Plane):
    """A control plane that gives every proxy the same clusters."""

    made: tuple[Resource, ...] = ()

    def _snapshot(self, session: Session) -> Snapshot:
        return Snapshot({CLUSTER: {each.name: each for each in self.made}})


def test_envoy_accepts_every_kind_of_cluster(tmp_path: Path) -> None:
    caller, found, made = Caller(namespace="default", locality=EU), list(kinds()), []
    for of, port in found:
        treated = treatment(of, port, "", caller, "istio-system")
        assert treated is not None
        made.append(clusters.service_cluster(of, port, "", treated, "cluster.local"))
    authority = Authority.open(tmp_path / "ca", trust_domain="cluster.local")
    plane = Everything(Mesh(services={of.name: of for of, _ in found}), (), authority, made=tuple(made))
    with running(plane, ["all"], tmp_path):
        eventually(lambda: plane.sessions["all"].accepted[CLUSTER] or plane.refusals)
        assert plane.refusals == {}
        assert len(plane.sessions["all"].accepted[CLUSTER]) == len(made)
