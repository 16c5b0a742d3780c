"""Real Envoys enforce what guards say: who is allowed and who is denied, one row a case."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest

from tests.e2e import guarded
from tests.e2e.guarded import AGREED, ALIAS, World
from tests.e2e.machine import eventually
from tests.envoy.kitchen import HERE
from tests.envoy.policies import (
    EVERYTHING,
    allow,
    authorizer,
    custom,
    deny,
    guard,
    operation,
    policy,
    rule,
    source,
    when,
)
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import AccessAction, AccessPolicy, PeerMode, Rule
from tulle.model.services import Protocol

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
WEB, OTHER, FAR = (f"cluster.local/ns/{place}" for place in ("default/sa/web", "default/sa/other", "far/sa/far"))
ASKED = (
    authorizer("by-http", "http-authorizer", path_prefix="/check", request_headers=("x-ask",)),
    authorizer("by-grpc", "grpc-authorizer", is_grpc=True),
    authorizer("down", "down-authorizer", refusal_status=503),
    authorizer("down-open", "down-authorizer", fails_open=True),
    authorizer("ghost", "no-such-service"),
)


HTTP: dict[str, tuple[AccessPolicy, ...]] = {
    "nothing": (),
    "allow-nothing": (replace(allow(), rules=()),),
    "allow-everything": (allow(),),
    "deny-nothing": (replace(deny(), rules=()),),
    "deny-everything": (deny(),),
    "principal": (allow(source(principals=(WEB,))),),
    "principal-prefix": (allow(source(principals=("cluster.local/ns/default/*",))),),
    "principal-suffix": (allow(source(principals=("*/sa/far",))),),
    "principal-any": (allow(source(principals=("*",))),),
    "principal-alias": (allow(source(principals=(f"{ALIAS}/ns/default/sa/web",))),),
    "not-principal": (allow(source(not_principals=(OTHER,))),),
    "namespace": (allow(source(namespaces=("far",))),),
    "namespace-glob": (allow(source(namespaces=("f*",))),),
    "not-namespace": (deny(source(not_namespaces=("default",))),),
    "account": (allow(source(service_accounts=("web", "far/far"))),),
    "trust-domain": (allow(source(trust_domains=("cluster.local",))),),
    "trust-domain-other": (allow(source(trust_domains=("example.org",))),),
    "ip": (allow(source(ip_blocks=("127.0.0.2",))),),
    "ip-block": (deny(source(ip_blocks=("127.0.0.0/30",))),),
    "not-ip": (deny(source(not_ip_blocks=("127.0.0.0/30",))),),
    "remote-ip": (allow(source(remote_ip_blocks=("203.0.113.0/24",))),),
    "method": (allow(operation(methods=("GET", "PU*"))),),
    "not-method": (allow(operation(not_methods=("DELETE",))),),
    "path": (allow(operation(paths=("/exact", "/prefix/*", "*.css"))),),
    "template": (allow(operation(paths=("/shops/{*}/items/{*}", "/files/{**}"))),),
    "not-path": (deny(operation(not_paths=("/open/{**}",))),),
    "deny-path": (deny(operation(paths=("/admin*",))),),
    "host": (allow(operation(hosts=("shop.example", "*.wild.example", "pre*"))),),
    "not-host": (deny(operation(not_hosts=("shop.example",))),),
    "port": (allow(operation(ports=("8000",))),),
    "port-other": (allow(operation(ports=("9000",))),),
    "not-port": (deny(operation(not_ports=("8000",))),),
    "header": (allow(when("request.headers[X-Group]", "admin", "dev-*")),),
    "header-present": (allow(when("request.headers[x-group]", "*")),),
    "header-not": (deny(when("request.headers[x-group]", excluded=("admin",))),),
    "when-principal": (allow(when("source.principal", WEB)),),
    "when-ip": (allow(when("source.ip", "127.0.0.2")),),
    "when-remote-ip": (allow(when("remote.ip", "203.0.113.7")),),
    "when-namespace": (allow(when("source.namespace", "far")),),
    "when-port": (allow(when("destination.port", "8000")),),
    "when-destination": (allow(when("destination.ip", "127.0.0.0/8")),),
    "when-sni": (allow(when("connection.sni", "when-sni.default.svc.cluster.local")),),
    "and": (
        allow(
            source(namespaces=("default",)), operation(methods=("GET",), paths=("/a",)), when("source.ip", "127.0.0.1")
        ),
    ),
    "or": (policy("or", "allow", rule(source(principals=(WEB,))), rule(operation(paths=("/public",)))),),
    "two-sources": (allow(source(principals=(WEB,)), source(namespaces=("far",))),),
    "deny-wins": (allow(), deny(source(principals=(OTHER,)))),
    "two-allow": (allow(source(principals=(WEB,))), policy("too", "allow", rule(source(principals=(FAR,))))),
    "audit": (policy("look", "audit", rule(operation(paths=("/audited",)))),),
    "dry-run-deny": (deny(is_dry_run=True),),
    "dry-run-allow": (allow(source(principals=(OTHER,)), is_dry_run=True),),
    "dry-run-beside": (allow(source(principals=(WEB,))), policy("dry", "allow", EVERYTHING, is_dry_run=True)),
    "custom-http": (custom("by-http", operation(paths=("/asked*",))),),
    "custom-grpc": (custom("by-grpc", operation(paths=("/asked*",))),),
    "custom-two": (
        custom("by-http", operation(paths=("/asked*",))),
        policy("too", "custom", rule(operation(methods=("PUT",))), provider="by-grpc"),
    ),
    "custom-deny": (custom("by-http"), deny(operation(paths=("/admin",)))),
    "custom-down": (custom("down"),),
    "custom-open": (custom("down-open"),),
    "custom-unknown": (custom("nobody-knows", operation(paths=("/asked",))),),
    "custom-ghost": (custom("ghost", operation(paths=("/asked",))),),
    "custom-dry-run": (custom("by-http", is_dry_run=True),),
}  # fmt: skip
GUARDS: dict[str, Guard] = {
    **{name: guard(*policies, authorizers=ASKED) for name, policies in HTTP.items()},
    "native": guard(
        deny(operation(paths=("/admin",))),
        allow=(Rule(origin=HERE, callers=(Name("default", "web"),)),),
    ),
    "strict": guard(),
    "permissive": guard(deny(operation(paths=("/admin",))), peer_mode=PeerMode.PERMISSIVE),
    "permissive-who": guard(allow(source(principals=("*",))), peer_mode=PeerMode.PERMISSIVE),
    "plain": guard(peer_mode=PeerMode.DISABLE),
    "plain-port": guard(peer_mode=PeerMode.STRICT, port_modes=((8000, PeerMode.DISABLE),)),
}
CASES: list[tuple[str, str, int, dict[str, str]]] = [
    # Guard, caller, status, and what else there is about the request.
    ("nothing", "web", 200, {}),
    ("allow-nothing", "web", 403, {}),
    ("allow-everything", "web", 200, {}),
    ("deny-nothing", "web", 200, {}),
    ("deny-everything", "web", 403, {}),
    ("principal", "web", 200, {}),
    ("principal", "other", 403, {}),
    ("principal-prefix", "other", 200, {}),
    ("principal-prefix", "far", 403, {}),
    ("principal-suffix", "far", 200, {}),
    ("principal-suffix", "web", 403, {}),
    ("principal-any", "far", 200, {}),
    ("principal-alias", "web", 200, {}),
    ("principal-alias", "other", 403, {}),
    ("not-principal", "web", 200, {}),
    ("not-principal", "other", 403, {}),
    ("namespace", "far", 200, {}),
    ("namespace", "web", 403, {}),
    ("namespace-glob", "far", 200, {}),
    ("namespace-glob", "web", 403, {}),
    ("not-namespace", "web", 200, {}),
    ("not-namespace", "far", 403, {}),
    ("account", "web", 200, {}),
    ("account", "far", 200, {}),
    ("account", "other", 403, {}),
    ("trust-domain", "web", 200, {}),
    ("trust-domain-other", "web", 403, {}),
    ("ip", "web", 200, {"address": "127.0.0.2"}),
    ("ip", "web", 403, {}),
    ("ip-block", "web", 403, {}),
    ("ip-block", "web", 200, {"address": "127.0.0.9"}),
    ("not-ip", "web", 200, {}),
    ("not-ip", "web", 403, {"address": "127.0.0.9"}),
    ("remote-ip", "web", 200, {"x_forwarded_for": "203.0.113.7"}),
    ("remote-ip", "web", 403, {"x_forwarded_for": "198.51.100.1"}),
    ("remote-ip", "web", 403, {}),
    ("method", "web", 200, {"method": "PUT"}),
    ("method", "web", 403, {"method": "POST"}),
    ("not-method", "web", 200, {}),
    ("not-method", "web", 403, {"method": "DELETE"}),
    ("path", "web", 200, {"path": "/exact?a=1"}),
    ("path", "web", 200, {"path": "/prefix/a/b"}),
    ("path", "web", 200, {"path": "/x/y.css"}),
    ("path", "web", 403, {"path": "/exactly"}),
    ("path", "web", 403, {"path": "/prefix/../secret"}),
    ("path", "web", 400, {"path": "/prefix/..%2fsecret"}),
    ("template", "web", 200, {"path": "/shops/1/items/2"}),
    ("template", "web", 403, {"path": "/shops/1/2/items/3"}),
    ("template", "web", 403, {"path": "/shops/1/items/"}),
    ("template", "web", 200, {"path": "/files/a/b/c"}),
    ("template", "web", 403, {"path": "/file/a"}),
    ("not-path", "web", 200, {"path": "/open/a/b"}),
    ("not-path", "web", 403, {"path": "/closed"}),
    ("deny-path", "web", 403, {"path": "/admin/x"}),
    ("deny-path", "web", 403, {"path": "/public/../admin"}),
    ("deny-path", "web", 200, {"path": "/public"}),
    ("host", "web", 200, {"host": "SHOP.example"}),
    ("host", "web", 200, {"host": "shop.example:8443"}),
    ("host", "web", 200, {"host": "a.wild.example:80"}),
    ("host", "web", 200, {"host": "prefix.example"}),
    ("host", "web", 403, {"host": "shop.example.org"}),
    ("not-host", "web", 200, {"host": "shop.example:1"}),
    ("not-host", "web", 403, {"host": "x.example"}),
    ("port", "web", 200, {}),
    ("port-other", "web", 403, {}),
    ("not-port", "web", 200, {}),
    ("header", "web", 200, {"x_group": "admin"}),
    ("header", "web", 200, {"x_group": "dev-1"}),
    ("header", "web", 403, {"x_group": "guest"}),
    ("header", "web", 403, {}),
    ("header-present", "web", 200, {"x_group": "any"}),
    ("header-present", "web", 403, {}),
    ("header-not", "web", 403, {"x_group": "guest"}),
    ("header-not", "web", 200, {"x_group": "admin"}),
    ("when-principal", "web", 200, {}),
    ("when-principal", "other", 403, {}),
    ("when-ip", "web", 200, {"address": "127.0.0.2"}),
    ("when-ip", "web", 403, {}),
    ("when-remote-ip", "web", 200, {"x_forwarded_for": "198.51.100.1, 203.0.113.7"}),
    ("when-remote-ip", "web", 403, {"x_forwarded_for": "203.0.113.7, 198.51.100.1"}),
    ("when-namespace", "far", 200, {}),
    ("when-namespace", "web", 403, {}),
    ("when-port", "web", 200, {}),
    ("when-destination", "web", 200, {}),
    ("when-sni", "web", 200, {}),
    ("and", "web", 200, {"path": "/a"}),
    ("and", "web", 403, {"path": "/b"}),
    ("and", "web", 403, {"path": "/a", "method": "PUT"}),
    ("and", "far", 403, {"path": "/a"}),
    ("or", "far", 200, {"path": "/public"}),
    ("or", "web", 200, {"path": "/private"}),
    ("or", "far", 403, {"path": "/private"}),
    ("two-sources", "far", 200, {}),
    ("two-sources", "other", 403, {}),
    ("deny-wins", "web", 200, {}),
    ("deny-wins", "other", 403, {}),
    ("two-allow", "far", 200, {}),
    ("two-allow", "other", 403, {}),
    ("audit", "web", 200, {"path": "/audited"}),
    ("dry-run-deny", "web", 200, {}),
    ("dry-run-allow", "web", 200, {}),
    ("dry-run-beside", "other", 403, {}),
    ("custom-http", "web", 200, {"path": "/free"}),
    ("custom-http", "web", 401, {"path": "/asked"}),
    ("custom-http", "web", 200, {"path": "/asked", "x_ask": AGREED}),
    ("custom-grpc", "web", 200, {"path": "/free"}),
    ("custom-grpc", "web", 402, {"path": "/asked"}),
    ("custom-grpc", "web", 200, {"path": "/asked", "x_ask": AGREED}),
    ("custom-two", "web", 401, {"path": "/asked"}),
    ("custom-two", "web", 402, {"method": "PUT"}),
    ("custom-two", "web", 200, {}),
    ("custom-deny", "web", 403, {"path": "/admin", "x_ask": AGREED}),
    ("custom-deny", "web", 200, {"path": "/", "x_ask": AGREED}),
    ("custom-down", "web", 503, {}),
    ("custom-open", "web", 200, {}),
    ("custom-unknown", "web", 403, {"path": "/asked"}),
    ("custom-unknown", "web", 200, {"path": "/free"}),
    ("custom-ghost", "web", 403, {"path": "/asked"}),
    ("custom-dry-run", "web", 200, {}),
    ("native", "web", 200, {}),
    ("native", "other", 403, {}),
    ("native", "web", 403, {"path": "/admin"}),
    ("permissive", "web", 200, {}),
    ("permissive", "nobody", 200, {}),
    ("permissive", "nobody", 403, {"path": "/admin"}),
    ("permissive-who", "web", 200, {}),
    ("permissive-who", "nobody", 403, {}),
    ("plain", "nobody", 200, {}),
    ("plain-port", "nobody", 200, {}),
]
BYTES: dict[str, Guard] = {
    name: guard(*policies, protocol=Protocol.TCP, authorizers=ASKED)
    for name, policies in {
        "tcp-nothing": (),
        "tcp-principal": (allow(source(principals=(WEB,))),),
        "tcp-ip": (deny(source(ip_blocks=("127.0.0.2",))),),
        "tcp-port": (allow(operation(ports=("8000",))),),
        "tcp-allow-http": (allow(operation(methods=("GET",))),),
        "tcp-allow-mixed": (policy("mixed", "allow", rule(operation(paths=("/",))), rule(source(principals=(WEB,)))),),
        "tcp-deny-http": (deny(source(principals=(OTHER,)), operation(methods=("GET",))),),
        "tcp-dry-run": (deny(is_dry_run=True),),
        "tcp-custom": (custom("by-grpc"),),
        "tcp-custom-http": (custom("by-http"),),
        "tcp-custom-unknown": (custom("nobody-knows"),),
    }.items()
} | {"tcp-permissive": guard(protocol=Protocol.TCP, peer_mode=PeerMode.PERMISSIVE)}
CONNECTIONS = [
    ("tcp-nothing", "web", True),
    ("tcp-nothing", "nobody", False),
    ("tcp-principal", "web", True),
    ("tcp-principal", "other", False),
    ("tcp-ip", "web", True),
    ("tcp-ip", "web from 127.0.0.2", False),
    ("tcp-port", "web", True),
    ("tcp-allow-http", "web", False),
    ("tcp-allow-mixed", "web", True),
    ("tcp-allow-mixed", "other", False),
    ("tcp-deny-http", "other", False),
    ("tcp-deny-http", "web", True),
    ("tcp-dry-run", "web", True),
    ("tcp-custom", "web", True),
    ("tcp-custom", "other", False),
    ("tcp-custom-http", "other", True),
    ("tcp-custom-unknown", "web", False),
    ("tcp-permissive", "web", True),
    ("tcp-permissive", "nobody", True),
]
PLAIN_GRPC = guard(
    deny(operation(paths=("/shop.Orders/{*}",))), custom("by-grpc", operation(paths=("/shop.Items/*",))),
    protocol=Protocol.GRPC, peer_mode=PeerMode.DISABLE, authorizers=ASKED,
)  # fmt: skip
EDGE = guard(
    deny(operation(paths=("/admin*",))),
    policy("known", "deny", rule(source(not_ip_blocks=("127.0.0.0/8",)))),
    policy("no-port", "deny", rule(operation(ports=("81",)))),
    custom("by-http", operation(hosts=("asked.example",))),
    authorizers=ASKED,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with guarded.world(
        {**GUARDS, **BYTES, "grpc": PLAIN_GRPC}, tmp_path_factory.mktemp("guards"), gateway=EDGE
    ) as found:
        yield found


@pytest.mark.parametrize(("target", "caller", "status", "request_"), CASES)
def test_requests_are_allowed_or_denied(
    world: World, target: str, caller: str, status: int, request_: dict[str, str]
) -> None:
    answer = world.call(target, caller, **request_)
    assert answer.status == status, answer
    # Envoy answers 400 before it looks at anything.
    assert bool(answer.reason) is (status not in {200, 400}), answer


@pytest.mark.parametrize(("target", "caller", "echoes"), CONNECTIONS)
def test_connections_are_allowed_or_denied(world: World, target: str, caller: str, echoes: bool) -> None:
    who, _, address = caller.partition(" from ")
    assert world.echoes(target, who, address or "127.0.0.1") is echoes


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("/shop.Prices/Get", grpc.StatusCode.OK),
        ("/shop.Orders/Delete", grpc.StatusCode.PERMISSION_DENIED),
        ("/shop.Items/Delete", grpc.StatusCode.UNKNOWN),
    ],
)
def test_grpc_gets_a_status(world: World, method: str, code: grpc.StatusCode) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{world.plane.targets['grpc'][1].port}") as channel:
        call = channel.unary_unary(method).future(b"hi", timeout=10)
        call.exception()
        assert call.code() is code


@pytest.mark.parametrize(("target", "caller"), [("strict", "nobody"), ("plain", "web")])
def test_what_is_not_spoken_is_not_understood(world: World, target: str, caller: str) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        world.call(target, caller)


@pytest.mark.parametrize(
    ("target", "caller", "path", "reason"),
    [
        ("deny-everything", "web", "/", f'policy "no.default" denies this request from spiffe://{WEB}'),
        ("principal", "other", "/", f'policy "let.default" does not allow this request from spiffe://{OTHER}'),
        ("two-allow", "other", "/", f'policies "let.default", "too.default" do not allow this request from spiffe://{OTHER}'),
        ("native", "other", "/", f'service "web.default" does not allow this request from spiffe://{OTHER}'),
        ("native", "web", "/admin", f'policy "no.default" denies this request from spiffe://{WEB}'),
        ("custom-unknown", "web", "/asked", 'there is no authorizer "nobody-knows" for policy "ask.default"'),
        ("custom-http", "web", "/asked", 'the authorizer of service "web.default" did not agree: ext_authz_denied'),
    ],
)  # fmt: skip
def test_a_refusal_says_which_policy_it_was(world: World, target: str, caller: str, path: str, reason: str) -> None:
    assert world.call(target, caller, path=path).reason == reason


def test_an_authorizer_sees_what_it_is_to_see_and_answers_the_client(world: World) -> None:
    answer = world.call("custom-http", path="/asked/1", x_secret="s")
    assert (answer.status, answer.headers["x-decision"]) == (401, "/check/asked/1 unseen")


def test_policies_on_trial_are_counted(world: World) -> None:
    def counted(name: str) -> int:
        return world.statistics().get(f"http.in.rbac.dry_run_{name}", 0)

    before = {name: counted(name) for name in ("deny.shadow_denied", "allow.shadow_denied")}
    assert world.call("dry-run-deny").status == 200
    assert world.call("dry-run-allow").status == 200
    assert all(counted(name) > number for name, number in before.items())


def test_what_is_audited_is_logged(world: World) -> None:
    assert world.call("audit", path="/audited").status == 200
    assert world.call("audit", path="/unseen-by-anybody").status == 200
    eventually(lambda: "/audited" in world.logs.read_text())
    assert "/unseen-by-anybody" not in world.logs.read_text()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 200),
        ("/admin", {}, 403),
        ("/x/..//admin", {}, 403),
        ("/", {"host": "asked.example:8080"}, 401),
        ("/", {"host": "asked.example", "x_ask": AGREED}, 200),
    ],
)
def test_the_gateway_has_a_guard_too(world: World, path: str, headers: dict[str, str], status: int) -> None:
    answer = world.call("edge", "nobody", path=path, **headers)
    assert answer.status == status
    assert bool(answer.reason) is (status != 200)


def test_connections_at_the_gateway_are_guarded(world: World) -> None:
    assert world.echoes("edge-tcp", "nobody") is False


def test_there_is_a_case_for_every_action_and_every_guard() -> None:
    policies = [each for policies in HTTP.values() for each in policies]
    assert {each.action for each in policies} == set(AccessAction)
    assert GUARDS.keys() - {"strict"} == {target for target, *_ in CASES}
    assert BYTES.keys() == {target for target, *_ in CONNECTIONS}
    assert sum(status != 200 for _, _, status, _ in CASES) > 40
