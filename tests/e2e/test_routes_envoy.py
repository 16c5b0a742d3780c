"""A live Envoy decides as the specifications say, on random routes; and does with requests what rules ask for."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from random import Random
from typing import Any

import grpc
import pytest
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import external_auth_pb2
from envoy.type.v3 import http_status_pb2

from tests.e2e.applications import Application, Server, grpc_application, http_application, served
from tests.e2e.machine import Answer, eventually
from tests.e2e.mini import Plane, running
from tests.envoy.kitchen import HERE, backend, free_port, instance, prefix, rule, service
from tests.envoy.specification import Request, first, some_ordered_set, some_request, some_sets, winner
from tulle.envoy.views import for_caller
from tulle.identity.authority import Authority
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import Fault
from tulle.model.routes import (
    Backend,
    Cors,
    ExternalCheck,
    Forward,
    HeaderChanges,
    Redirect,
    RedirectPort,
    Respond,
    RouteSet,
    Session,
    ValueKind,
    ValueMatch,
)
from tulle.model.services import Endpoint, Port, Protocol, Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SEED = 20_261
SCENARIOS = 40
REQUESTS = 25
ORIGIN = "https://page.example"


@dataclass(frozen=True)
class World:
    gateway: int
    outbound: int
    scenarios: tuple[tuple[RouteSet, ...], ...]
    ordered: tuple[RouteSet, ...]

    def ask(self, request: Request, host: str = "shop.example", body: str = "", *, port: int = 0) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", port or self.gateway, timeout=10)) as connection:
            target = f"http://{host}{request.target}" if port else request.target
            connection.request(request.method, target, body or None, {"Host": host, **dict(request.headers)})
            return Answer.of(connection.getresponse())

    def get(self, path: str, host: str = "shop.example", **headers: str) -> Answer:
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return self.ask(Request("GET", path, headers=named), host)


class Guard(Application):
    """Lets nobody pass whose path says so, or who does not say who they are; tells what it was asked."""

    def answer(self) -> None:
        is_fine = "deny" not in self.path and self.headers.get("x-who") is not None
        body = json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(200 if is_fine else 403)
        self.send_header("x-user", f"user-{self.headers.get('x-who')}")
        self.send_header("x-other", "secret")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer


def check(data: bytes) -> bytes:
    """The same in Envoy's own protocol."""
    asked = external_auth_pb2.CheckRequest.FromString(data).attributes.request.http
    answer = external_auth_pb2.CheckResponse()
    if "deny" in asked.path:
        answer.status.code = 7
        answer.denied_response.status.code = http_status_pb2.Unauthorized
        answer.denied_response.body = "no entry"
    else:
        named = base_pb2.HeaderValue(key="x-user", value=f"grpc-{asked.headers.get('x-who', '')}")
        answer.ok_response.headers.add(header=named)
    return bytes(answer.SerializeToString())


def placed(name: str, *ports: int, protocol: Protocol = Protocol.HTTP) -> Service:
    places = tuple(Endpoint(address="127.0.0.1", port=each) for each in ports)
    return service(name, Port(name="http", number=80, protocol=protocol), addresses=places)


def shop() -> RouteSet:
    """One rule for everything that is looked at live."""
    v1, v2 = Forward(backends=(backend("v1"),)), Forward(backends=(backend("v2"),))
    pair = Forward(backends=(backend("pair"),))
    origins = (
        ValueMatch("", ValueKind.EXACT, ORIGIN),
        ValueMatch("", ValueKind.REGEX, r"https://[a-z.]+\.wild\.example"),
    )
    cors = Cors(origins=origins, methods=("GET", "PUT"), headers=("*",), max_age=60, credentials=True)
    closed = Cors(origins=origins, forwards_unmatched=False)

    def named(name: str) -> Backend:
        changes = HeaderChanges(set=(("x-version", name),))
        return backend(name, request_headers=changes, response_headers=changes, host_rewrite=f"{name}.example")

    def share(bad: Backend, **more: Any) -> Forward:
        return Forward(backends=(backend("v1", weight=9), bad), **more)

    def asking(name: str, **more: Any) -> ExternalCheck:
        return ExternalCheck(backend=backend(name), request_headers=("x-who",), response_headers=("x-user",), **more)

    rules = (
        rule("cors", v1, prefix("/cors"), cors=cors),
        rule("closed", v1, prefix("/closed"), cors=closed),
        rule("cookie", Forward(backends=pair.backends, session=Session(cookie="stay", lifetime=60)), prefix("/cookie")),
        rule("header", Forward(backends=pair.backends, session=Session(header="x-stay")), prefix("/header")),
        rule("pair", pair, prefix("/pair")),
        rule("grpc", v1, prefix("/fault.Service"), fault=Fault(abort_grpc_status=8)),
        rule("shares", Forward(backends=(named("v1"), named("v2"))), prefix("/shares")),
        rule("only", Forward(backends=(named("v1"),)), prefix("/only")),
        rule("absent", share(backend("ghost"), status_without_backends=500), prefix("/absent")),
        rule("absent", share(backend("ghost")), prefix("/missing")),
        rule("problem", share(backend("v2", port=80, problem="no grant")), prefix("/problem")),
        rule("none", Forward(backends=(), status_without_backends=500), prefix("/none")),
        rule("check", v2, prefix("/check"), check=asking("guard", path_prefix="/ask", max_body=100)),
        rule("grpc-check", v2, prefix("/grpc-check"), check=asking("grpc-guard", is_grpc=True)),
        rule("lost", v2, prefix("/lost"), check=asking("ghost", refusal_status=503)),
        rule("open", v2, prefix("/open"), check=asking("ghost", fails_open=True)),
        rule("secure", Redirect(scheme="https", port_from=RedirectPort.BY_SCHEME, status=302), prefix("/secure")),
        rule("large", Respond(status=200, body=bytes(range(256)) * 1024), prefix("/large")),
        rule("claims", v1, prefix("/claims", claims=(ValueMatch("groups", ValueKind.EXACT, "a"),))),
    )
    return RouteSet(name=Name("default", "shop"), origin=HERE, hosts=("shop.example",), rules=rules)


FRESH = ("fresh-a", "fresh-b", "fresh-c", "fresh-d")
"""Services that nobody has called yet."""


def mesh_rules(called: str) -> RouteSet:
    """What a sidecar does with calls to a service."""
    asked = ExternalCheck(backend=backend("guard"), request_headers=("x-who",))
    rules = (
        rule("elsewhere", Respond(status=299), prefix("/", ports=(81,))),
        rule("broken", Forward(backends=(backend("v2"),)), prefix("/broken"), fault=Fault(abort_status=418)),
        rule("check", Forward(backends=(backend("v2"),)), prefix("/check"), check=asked),
    )
    name = Name("default", called)
    found = for_caller(RouteSet(name=name, origin=HERE, service=name, rules=rules), "default", (), 80)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    random = Random(SEED)
    scenarios = tuple(some_sets(random, f"g{number}.example") for number in range(SCENARIOS))
    ordered = tuple(some_ordered_set(random, f"i{number}.example") for number in range(SCENARIOS))
    with ExitStack() as stack:
        ports = {name: stack.enter_context(http_application(name)) for name in ("v1", "v2")}
        guard = stack.enter_context(served(Server(("127.0.0.1", 0), Guard)))
        services = (
            *(placed(name, port) for name, port in ports.items()),
            placed("pair", *ports.values()),
            *(placed(name, ports["v2"]) for name in FRESH),
            placed("guard", guard),
            placed("grpc-guard", stack.enter_context(grpc_application(check)), protocol=Protocol.GRPC),
            service("web", Port(name="http", number=80)),
        )
        found = World(free_port(), free_port(), scenarios, ordered)
        listener = Listener(name=Name("default", "http"), origin=HERE, port=found.gateway)
        mesh = Mesh(
            services={each.name: each for each in services},
            listeners={listener.name: listener},
            gateway_routes=(shop(), *(each for sets in scenarios for each in sets), *ordered),
            service_routes={Name("default", name): (mesh_rules(name),) for name in FRESH},
        )
        directory = tmp_path_factory.mktemp("routes")
        authority = Authority.open(directory / "ca", trust_domain="cluster.local")
        web = instance("web", "v1", outbound=f"127.0.0.1:{found.outbound}")
        plane = Plane(mesh, (web,), authority)
        with running(plane, ("gateway-here", "web-v1"), directory):
            eventually(lambda: found.get("/pair").status == 200, what="the gateway serves")
            eventually(lambda: found.ask(Request("GET", "/"), "v1", port=found.outbound).status == 200)
            yield found
        assert plane.refusals == {}


def decided(answer: Answer) -> str:
    """The rule that an answer comes from; empty if it is of none."""
    if answer.status == 308:
        return answer.headers["location"].partition("?")[0].rpartition("/")[2]
    return answer.body if answer.status == 200 else ""


def test_gateway_api_decides_as_it_is_specified(world: World) -> None:
    random = Random(SEED + 1)
    for number, sets in enumerate(world.scenarios):
        for request in [some_request(random) for _ in range(REQUESTS)]:
            assert decided(world.ask(request, f"g{number}.example")) == winner(sets, request), (sets, request)


def test_istio_decides_as_it_is_specified(world: World) -> None:
    random = Random(SEED + 2)
    for number, one in enumerate(world.ordered):
        for request in [some_request(random) for _ in range(REQUESTS)]:
            assert decided(world.ask(request, f"i{number}.example")) == first(one, request), (one, request)


def preflight(world: World, path: str, origin: str) -> Answer:
    asked = (("Origin", origin), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-a"))
    return world.ask(Request("OPTIONS", path, headers=asked))


@pytest.mark.parametrize("origin", [ORIGIN, "https://a.b.wild.example"])
def test_pages_of_known_origins_may_read(world: World, origin: str) -> None:
    consent = preflight(world, "/cors", origin)
    assert (consent.status, consent.body) == (200, "")
    assert consent.headers["access-control-allow-origin"] == origin
    assert consent.headers["access-control-allow-methods"] == "GET,PUT"
    assert consent.headers["access-control-allow-headers"] == "x-a"
    assert consent.headers["access-control-allow-credentials"] == "true"
    assert consent.headers["access-control-max-age"] == "60"
    assert world.get("/cors", origin=origin).headers["access-control-allow-origin"] == origin


def test_pages_of_other_origins_may_not(world: World) -> None:
    other = "https://evil.example"
    assert "access-control-allow-origin" not in world.get("/cors", origin=other).headers
    # The application does not know this method: it was asked.
    assert preflight(world, "/cors", other).status == 501
    refused = preflight(world, "/closed", other)
    assert (refused.status, refused.body) == (200, "")
    assert "access-control-allow-origin" not in refused.headers


def test_clients_stay_with_their_endpoint_by_cookie(world: World) -> None:
    assert {world.get("/pair").json["name"] for _ in range(20)} == {"v1", "v2"}
    for _ in range(3):
        welcome = world.get("/cookie")
        cookie = welcome.headers["set-cookie"]
        assert "Max-Age=60" in cookie
        stays = {world.get("/cookie", cookie=cookie.partition(";")[0]).json["name"] for _ in range(10)}
        assert stays == {welcome.json["name"]}


def test_clients_stay_with_their_endpoint_by_header(world: World) -> None:
    welcome = world.get("/header")
    session = welcome.headers["x-stay"]
    assert {world.get("/header", x_stay=session).json["name"] for _ in range(10)} == {welcome.json["name"]}


def test_a_fault_can_be_a_status_of_grpc(world: World) -> None:
    options = [("grpc.default_authority", "shop.example")]
    with grpc.insecure_channel(f"127.0.0.1:{world.gateway}", options=options) as channel:
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary("/fault.Service/Get")(b"", timeout=10)
        assert failed.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_each_backend_has_its_own_changes(world: World) -> None:
    answers = [world.get("/shares") for _ in range(40)]
    assert {each.json["name"] for each in answers} == {"v1", "v2"}
    for answer in (*answers, world.get("/only")):
        name = answer.json["name"]
        assert answer.json["headers"]["x-version"] == answer.headers["x-version"] == name
        assert answer.json["headers"]["host"] == f"{name}.example"


@pytest.mark.parametrize(("path", "status"), [("/absent", 500), ("/missing", 503), ("/problem", 503)])
def test_the_share_of_a_backend_that_cannot_answer_fails(world: World, path: str, status: int) -> None:
    found = Counter(world.get(path).status for _ in range(200))
    assert set(found) == {200, status}
    # A tenth of 200, within four standard deviations.
    assert 3 <= found[status] <= 37


def test_a_route_without_backends_fails(world: World) -> None:
    answer = world.get("/none")
    assert (answer.status, answer.headers["x-tulle-reason"]) == (500, "the route has no backend")


def test_who_is_asked_before_decides(world: World) -> None:
    fine = world.get("/check/a", x_who="me", x_more="more")
    assert fine.json["name"] == "v2"
    assert fine.json["headers"]["x-user"] == "user-me"
    assert "x-other" not in fine.json["headers"]
    for refused in (world.get("/check/deny", x_who="me"), world.get("/check/a")):
        assert refused.status == 403
        assert refused.headers["x-other"] == "secret"
        assert refused.headers["x-tulle-reason"].startswith("the service that is asked before did not let")
    asked = json.loads(world.get("/check/deny", x_who="me", x_more="more").body)
    assert asked["path"] == "/ask/check/deny"
    assert asked["headers"]["x-who"] == "me"
    assert "x-more" not in asked["headers"]


def test_who_is_asked_before_sees_the_body(world: World) -> None:
    def post(body: str) -> Answer:
        return world.ask(Request("POST", "/check", headers=(("x-who", "me"),)), body=body)

    assert post("x" * 100).json["body"] == "x" * 100
    assert post("x" * 101).status == 413


def test_who_is_asked_before_can_speak_grpc(world: World) -> None:
    assert world.get("/grpc-check", x_who="me").json["headers"]["x-user"] == "grpc-me"
    refused = world.get("/grpc-check/deny")
    assert (refused.status, refused.body) == (401, "no entry")


def test_without_anybody_to_ask_a_route_is_closed_unless_it_says_so(world: World) -> None:
    assert world.get("/lost").status == 503
    assert world.get("/open").json["name"] == "v2"


@pytest.mark.parametrize(
    ("request_", "host", "status"),
    [
        (Request("GET", "/check"), FRESH[0], 403),
        (Request("GET", "/broken"), FRESH[1], 418),
        (Request("POST", "/check"), FRESH[2], 403),
    ],
)
def test_sidecars_do_it_with_the_request_for_which_routes_are_fetched(
    world: World, request_: Request, host: str, status: int
) -> None:
    body = "x" * 100_000 if request_.method == "POST" else ""
    assert world.ask(request_, host, body=body, port=world.outbound).status == status


def test_sidecars_ask_before_too(world: World) -> None:
    named = Request("GET", "/check", headers=(("x-who", "me"),))
    for request in (named, Request("GET", "/"), named):
        assert world.ask(request, FRESH[3], port=world.outbound).json["name"] == "v2"
    assert world.ask(Request("GET", "/check"), FRESH[3], port=world.outbound).status == 403


@pytest.mark.parametrize(
    ("host", "location"),
    [("shop.example", "https://shop.example/secure"), ("shop.example:8080", "https://shop.example:443/secure")],
)
def test_a_redirect_goes_to_the_port_of_its_scheme(world: World, host: str, location: str) -> None:
    answer = world.get("/secure", host)
    assert (answer.status, answer.headers["location"]) == (302, location)


def test_an_answer_may_be_large_and_no_text(world: World) -> None:
    assert world.get("/large").content == bytes(range(256)) * 1024


def test_without_a_token_there_are_no_claims(world: World) -> None:
    assert world.get("/claims").status == 404
