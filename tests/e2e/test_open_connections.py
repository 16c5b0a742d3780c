"""What a policy says holds for the next request of a connection that was open before it was written."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

import pytest

from tests.e2e import guarded
from tests.e2e.guarded import AGREED, World
from tests.e2e.jwt import ISSUER, key_set, token
from tests.e2e.machine import Answer, Machine, eventually
from tests.e2e.scenario import outbound
from tests.e2e.talking import Place, Question, asking
from tests.envoy.kitchen import HERE
from tests.envoy.policies import (
    allow,
    authorizer,
    custom,
    deny,
    guard,
    operation,
    policy,
    rule,
    source,
    token_rule,
    tokens,
    when,
)
from tulle.cli.client import connect
from tulle.kit.home import Home
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import PeerMode, Rule

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
HTTP, GRPC = authorizer("by-http", "http-authorizer"), authorizer("by-grpc", "grpc-authorizer", is_grpc=True)
ASKED = (HTTP, GRPC)
KEYS = tokens(token_rule(jwks=key_set()))
WITH_TOKEN = allow(source(request_principals=(f"{ISSUER}/*",)))
FOR_X = operation(paths=("/x",))
GOOD = f"Bearer {token()}"
CASES: dict[str, tuple[Guard, Guard, int, dict[str, str]]] = {
    "denied": (guard(), guard(deny()), 403, {}),
    "no-longer-denied": (guard(deny()), guard(), 200, {}),
    "not-allowed": (guard(), guard(allow(operation(methods=("PUT",)))), 403, {}),
    "denied-and-allowed": (guard(), guard(deny(operation(methods=("PUT",))), allow()), 200, {}),
    "nobody-may-call": (guard(), guard(allow=()), 403, {}),
    "some-may-call": (guard(allow=()), guard(allow=(Rule(origin=HERE),)), 200, {}),
    "by-path": (guard(), guard(deny(operation(paths=("/admin*",)))), 403, {"path": "/admin"}),
    "by-another-path": (guard(), guard(deny(operation(paths=("/admin*",)))), 200, {"path": "/.known/a.b?c=/../%2f"}),
    "by-a-path-in-disguise": (guard(), guard(deny(operation(paths=("/admin*",)))), 403, {"path": "/public/../admin"}),
    "by-an-escaped-path": (guard(), guard(deny(operation(paths=("/a/b",)))), 403, {"path": "/a%2Fb"}),
    "by-server-name": (guard(), guard(deny(when("connection.sni", "by-server-name.*"))), 403, {}),
    "bad-token": (guard(), guard(tokens=(KEYS,)), 401, {"authorization": "Bearer rubbish"}),
    "no-token": (guard(), guard(WITH_TOKEN, tokens=(KEYS,)), 403, {}),
    "good-token": (guard(), guard(WITH_TOKEN, tokens=(KEYS,)), 200, {"authorization": GOOD}),
    "tokens-no-longer-looked-at": (guard(tokens=(KEYS,)), guard(), 200, {"authorization": "Bearer rubbish"}),
    "old-key": (guard(tokens=(KEYS,)), guard(tokens=(tokens(token_rule(jwks=key_set("new"))),)), 401,
                {"authorization": GOOD}),
    "asked": (guard(), guard(custom("by-http"), authorizers=ASKED), 401, {}),
    "agreed": (guard(), guard(custom("by-grpc"), authorizers=ASKED), 200, {"x_ask": AGREED}),
    "no-longer-asked": (guard(custom("by-http"), authorizers=ASKED), guard(), 200, {}),
    "another-is-asked": (guard(custom("by-http"), authorizers=ASKED), guard(custom("by-grpc"), authorizers=ASKED), 402,
                         {}),
    "both-are-asked": (guard(custom("by-http", FOR_X), authorizers=ASKED),
                       guard(custom("by-http", FOR_X), policy("b", "custom", provider="by-grpc"), authorizers=ASKED),
                       403, {}),
    "one-of-both-is-asked": (guard(custom("by-http", FOR_X), policy("b", "custom", rule(FOR_X), provider="by-grpc"),
                                   authorizers=ASKED),
                             guard(custom("by-http"), authorizers=ASKED), 401, {}),
    "in-plain-text": (guard(peer_mode=PeerMode.PERMISSIVE), guard(deny(), peer_mode=PeerMode.PERMISSIVE), 403,
                      {"caller": "nobody"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    before = {name: case[0] for name, case in CASES.items()}
    with guarded.world(before, tmp_path_factory.mktemp("open"), gateway=guard()) as found:
        yield found


def change(world: World, after: dict[str, Guard], gateway: Guard | None = None) -> None:
    """Guards of other policies, until every proxy has acknowledged them."""
    guards = {}
    for name, new in after.items():
        before, _ = world.plane.targets[name]
        guards[before.workload] = replace(new, workload=before.workload, ports=before.ports)
    mesh = world.plane.mesh
    mesh = replace(mesh, guards={**mesh.guards, **guards}, gateway_guard=gateway or mesh.gateway_guard)
    done = threading.Event()
    world.plane.change(mesh)
    assert world.plane.loop is not None
    world.plane.loop.call_soon_threadsafe(done.set)
    assert done.wait(10)
    eventually(lambda: all(each.is_synced for each in world.plane.sessions.values()), what="everything acknowledged")


@contextmanager
def kept(world: World, target: str, caller: str = "web") -> Iterator[http.client.HTTPConnection]:
    """A connection that stays open."""
    with closing(world.connect(target, caller)) as connection:
        asking = http.client.HTTPConnection("127.0.0.1")
        asking.sock = connection
        asking.auto_open = 0
        yield asking


def ask(connection: http.client.HTTPConnection, path: str = "/", **headers: str) -> Answer:
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"host": "web.default:8000", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return Answer.of(connection.getresponse())


@pytest.mark.parametrize("name", CASES)
def test_the_next_request_is_decided_by_what_was_acknowledged(world: World, name: str) -> None:
    _, after, status, headers = CASES[name]
    headers = dict(headers)
    with kept(world, name, headers.pop("caller", "web")) as connection:
        first = ask(connection)
        assert first.status in {200, 401, 402, 403}
        change(world, {name: after})
        answer = ask(connection, **headers)
    assert answer.status == status, (first, answer)


def test_new_connections_are_told_more_exactly(world: World) -> None:
    change(world, {"by-another-path": CASES["by-another-path"][1]})
    for path, status in (("/a%2Eb", 200), ("/public/../x", 200), ("/public/%2e%2e/admin", 403), ("/a%2fb", 400)):
        eventually(lambda path=path, status=status: world.call("by-another-path", path=path).status == status)  # type: ignore[misc]


def test_the_same_holds_for_the_gateway(world: World) -> None:
    before, shut = guard(), guard(deny(), workload=Name("default", "other"))
    with kept(world, "edge", "nobody") as connection:
        assert ask(connection).status == 200
        change(world, {}, shut)
        assert ask(connection).status == 403
    with kept(world, "edge", "nobody") as connection:
        assert ask(connection).status == 403
        change(world, {}, before)
        assert ask(connection).status == 200


MESH = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - {host: books.test, to: books}
services:
  caller: {port: 8000, command: ECHO}
  other: {port: 8000, command: ECHO}
  books: {port: 8000, command: POLYGLOT http, env: {WORD: books}}
  rpc: {port: 8000, protocol: grpc, command: POLYGLOT grpc, env: {WORD: rpc}}
"""
DENY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: closed}
spec: {action: DENY, rules: [{}]}
"""


def test_between_sidecars(machine: Machine) -> None:
    machine.write(MESH)
    machine.up()
    host, _, port = outbound(machine, "caller").rpartition(":")
    caller = Place(host, int(port), is_proxy=True)
    gateway = Place("127.0.0.1", machine.gateway)
    questions = [
        (caller, Question("http://books:8000/"), 200, 403),
        (caller, Question("grpc://rpc:8000/echo.Echo/Say", body="x"), 0, 7),
        (gateway, Question("http://books.test/"), 200, 403),
    ]
    only_other = re.sub(r"(WORD: (?:books|rpc)})", r"\1, allow: [other]", MESH)
    for name, document, before, word in (
        ("policy.yaml", DENY, "", "closed"),
        ("tulle.yaml", only_other, MESH, "other"),
    ):
        with ExitStack() as stack:
            clients = [(stack.enter_context(asking(*each[:2])), *each[2:]) for each in questions]
            for once, good, _ in clients:
                eventually(lambda once=once, good=good: once().status == good)  # type: ignore[misc]
            machine.write(document, name)
            _acknowledged(machine, word, is_there=True)
            assert [once().status for once, _, _ in clients] == [bad for _, _, bad in clients]
            machine.write(before, name)
            _acknowledged(machine, word, is_there=False)
            assert [once().status for once, _, _ in clients] == [good for _, good, _ in clients]


def _acknowledged(machine: Machine, word: str, *, is_there: bool) -> None:
    """The sidecars of the services that are called enforce something, or no longer do; everybody knows all of it."""
    api = connect(Home(machine.home), f"127.0.0.1:{machine.api}")
    proxies = [each["id"] for service in ("books", "rpc") for each in machine.instances(service)]

    def said() -> bool:
        given = [str(api.get(f"/v1/proxies/{each}/config", type="filters")) for each in proxies]
        return all((word in each) is is_there for each in given)

    eventually(said, what="acknowledged")
    eventually(lambda: all(each["synced"] for each in machine.status()["proxies"]), what="acknowledged by everybody")
