from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from tests.envoy.pki import Pki
from tests.flow.isolation import HERE, endless, unreachable
from tests.flow.world import LISTENER_HTTP, World, instance, mesh, name, route_set, service
from tulle.envoy import mesh_secrets
from tulle.kit.codec import decode
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Certificate, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.policies import Fault
from tulle.model.routes import Backend, Forward, Match, RouteRule, RouteSet
from tulle.model.services import Endpoint, Subset
from tulle.model.workloads import Assignment, InstanceState
from tulle.xds.messages import Node
from tulle.xds.snapshot import CLUSTER, ENDPOINT, GATEWAY, LISTENER, SECRET, VIRTUAL_HOST, WORKLOAD, Resource
from tulle.xds.subscription import Refused

CART = "outbound|80||cart.default"


def test_a_sidecar_starts_with_nothing_but_its_own(world: World) -> None:
    world.publisher.update(mesh("web", "cart", "stock"))
    web = world.sidecar(instance("web"))
    assert web.names(CLUSTER) == {"inbound|http"}
    assert CART not in web.names(ENDPOINT)
    assert web.session.is_synced


def test_a_call_widens_the_scope_by_what_it_needs(world: World) -> None:
    world.publisher.update(mesh("web", "cart", "stock"))
    world.hosts.reported("here", (instance("cart"),))
    web = world.sidecar(instance("web"))
    web.call("cart")
    world.settle()
    assert web.names(CLUSTER) - {"connect"} == {"inbound|http", CART}
    assert web.names(ENDPOINT) == {CART}
    assert "outbound.default/cart.default:80" in web.names(VIRTUAL_HOST)


def test_a_change_is_sent_to_those_whom_it_concerns_only(world: World) -> None:
    first = mesh("web", "cart", "stock")
    world.publisher.update(first)
    web, stock = world.sidecar(instance("web")), world.sidecar(instance("stock"))
    web.call("cart")
    stock.call("web")
    world.settle()
    rules = route_set("canary", "cart", of="cart")
    changed = replace(first, service_routes={name("cart"): (rules,)})
    assert world.do(lambda: world.publisher.update(changed)) == [1, 0]
    assert world.do(lambda: world.publisher.update(changed)) == [0, 0]


def test_endpoints_go_to_those_who_hold_their_cluster_and_recompile_nothing(world: World) -> None:
    world.publisher.update(mesh("web", "cart", "stock"))
    world.hosts.reported("here", (instance("cart"),))
    web, stock = world.sidecar(instance("web")), world.sidecar(instance("stock"))
    web.call("cart")
    world.settle()
    both = (instance("cart"), instance("cart", 2))
    assert world.do(lambda: world.hosts.reported("here", both)) == [1, 0]
    draining = (instance("cart"), instance("cart", 2, InstanceState.DRAINING))
    assert world.do(lambda: world.hosts.reported("here", draining)) == [1, 0]
    assert stock.names(ENDPOINT) == set()


def test_versions_with_the_same_endpoints_share_them_until_nobody_needs_them(world: World) -> None:
    """Of a cluster that now chooses from others, the old endpoints go only if no other cluster has them."""

    def versions(v2: str) -> Mesh:
        parts = tuple(Subset(name=each, labels=(("v", of),)) for each, of in (("v1", "1"), ("v2", v2)))
        cart = replace(service("cart"), subsets=parts)
        backends = tuple(Backend(service=cart.name, origin=BUILT_IN, subset=each.name) for each in parts)
        rule = RouteRule(name="r", origin=BUILT_IN, matches=(Match(),), action=Forward(backends=backends))
        rules = RouteSet(name=cart.name, origin=BUILT_IN, service=cart.name, rules=(rule,))
        base = mesh("web", "cart")
        return replace(base, services={**base.services, cart.name: cart}, service_routes={cart.name: (rules,)})

    world.publisher.update(versions("1"))
    web = world.sidecar(instance("web"))
    web.call("cart")
    world.settle()
    whole, first, second = (f"outbound|80|{each}|cart.default" for each in ("", "v=1", "v=2"))
    assert web.names(ENDPOINT) == {whole, first}
    world.do(lambda: world.publisher.update(versions("2")))
    assert web.names(ENDPOINT) == {whole, first, second}
    world.do(lambda: world.publisher.update(versions("1")))
    assert web.names(ENDPOINT) == {whole, first}


def test_a_removed_service_is_taken_away_and_answered_by_a_reason(world: World) -> None:
    world.publisher.update(mesh("web", "cart"))
    web = world.sidecar(instance("web"))
    web.call("cart")
    world.settle()
    world.do(lambda: world.publisher.update(mesh("web")))
    assert web.names(CLUSTER) == {"inbound|http"}
    assert "outbound.default/cart" in web.names(VIRTUAL_HOST)
    assert "outbound.default/cart.default:80" not in web.names(VIRTUAL_HOST)


def test_a_name_that_nobody_had_is_answered_once_somebody_has_it(world: World) -> None:
    world.publisher.update(mesh("web"))
    web = world.sidecar(instance("web"))
    web.call("cart", "example.org")
    world.settle()
    world.do(lambda: world.publisher.update(mesh("web", "cart")))
    assert CART in web.names(CLUSTER)


def test_the_gateway_holds_what_its_routes_lead_to(world: World) -> None:
    shop, admin = route_set("shop", "cart"), route_set("admin", "web")
    world.publisher.update(mesh("web", "cart", "stock", routes=(shop, admin)))
    gateway = world.gateway()
    assert gateway.names(CLUSTER) == {CART, "outbound|80||web.default"}
    assert gateway.names(VIRTUAL_HOST) == {
        f"gateway.127.0.0.1:8080/{host}" for host in ("shop.test", "admin.test", "*")
    }
    old = world.publisher.mesh
    changed = replace(old, gateway_routes=(route_set("shop", "web"), admin))
    world.do(lambda: world.publisher.update(changed))
    assert gateway.names(CLUSTER) == {"outbound|80||web.default"}


def test_everybody_is_synced_when_nobody_has_to_take_anything(world: World) -> None:
    first = mesh("web")
    world.publisher.update(first)
    world.sidecar(instance("web"))
    assert world.publisher.are_synced
    world.publisher.update(replace(first, settings=Settings(access_log=True)))
    assert not world.publisher.are_synced
    world.settle()
    assert world.publisher.are_synced


def test_other_settings_concern_everybody(world: World) -> None:
    first = mesh("web")
    world.publisher.update(first)
    world.sidecar(instance("web"))
    assert world.do(lambda: world.publisher.update(replace(first, settings=Settings(access_log=True)))) != [0]


def test_an_agent_is_told_what_to_run_and_only_what_changed_is_sent_again(world: World) -> None:
    agent = world.agent()
    world.publisher.update(mesh("web", "cart", routes=(route_set("shop", "web"),)))
    assert agent.names(WORKLOAD) == set()
    world.do(lambda: world.hosts.connected("here", "host"))
    assert agent.names(WORKLOAD) == {"web.default", "cart.default"}
    assert agent.names(GATEWAY) == {"gateway.tulle-system"}
    before = dict(agent.replica.table(WORKLOAD))
    old = world.publisher.mesh
    more = replace(old.workloads[name("web")], replicas=3)
    world.do(lambda: world.publisher.update(replace(old, workloads={**old.workloads, name("web"): more})))
    after = agent.replica.table(WORKLOAD)
    assert decode(Assignment, after["web.default"].body).replicas == 3
    assert after["cart.default"] is before["cart.default"]


def test_an_agent_that_comes_back_with_another_role_is_told_something_else(world: World) -> None:
    world.publisher.update(mesh("web", routes=(route_set("shop", "web"),)))
    agent = world.agent()
    world.do(lambda: world.hosts.connected("here", "host"))
    assert agent.names(GATEWAY)
    world.do(lambda: world.hosts.connected("here", "sidecar"))
    assert not agent.names(GATEWAY)
    assert agent.names(WORKLOAD) == {"web.default"}


def test_a_gateway_runs_as_long_as_there_are_listeners(world: World) -> None:
    alone = mesh("web")
    world.publisher.update(alone)
    agent = world.agent()
    world.do(lambda: world.hosts.connected("here", "host"))
    assert not agent.names(GATEWAY)
    listeners = {LISTENER_HTTP.name: LISTENER_HTTP}
    world.do(lambda: world.publisher.update(replace(alone, listeners=listeners)))
    assert agent.names(GATEWAY) == {"gateway.tulle-system"}
    assert decode(Assignment, agent.replica.table(WORKLOAD)["web.default"].body).reserved == (8080,)
    world.do(lambda: world.publisher.update(alone))
    assert not agent.names(GATEWAY)


def test_certificates_are_for_what_a_host_runs_is_to_run_or_still_drains(world: World) -> None:
    world.publisher.update(mesh("web", routes=(route_set("shop", "web"),)))
    may_sign = world.publisher.may_sign
    assert not may_sign("here", "default", "web")
    world.hosts.connected("here", "host")
    assert may_sign("here", "default", "web")
    assert may_sign("here", "tulle-system", "gateway")
    assert not may_sign("here", "default", "cart")
    world.hosts.reported("here", (instance("cart", state=InstanceState.DRAINING),))
    assert may_sign("here", "default", "cart")
    assert not may_sign("there", "default", "cart")


def test_the_newer_of_two_streams_of_a_proxy_counts(world: World) -> None:
    world.publisher.update(mesh("web", "cart"))
    old = world.sidecar(instance("web"))
    old.call("cart")
    world.settle()
    new = world.sidecar(instance("web"))
    assert CART in new.names(CLUSTER), "its demand is remembered"
    world.publisher.closed(old.session)
    assert world.publisher.connected["web-1"].session is new.session
    world.publisher.closed(new.session)
    assert not world.publisher.connected
    world.publisher.update(mesh("web"))


def test_an_agent_that_left_is_forgotten_and_the_next_one_is_told_everything(world: World) -> None:
    world.publisher.update(mesh("web"))
    world.hosts.connected("here", "sidecar")
    first = world.agent()
    world.publisher.closed(first.session)
    second = world.agent()
    assert second.names(WORKLOAD) == {"web.default"}


def test_a_sidecar_whose_service_was_removed_keeps_what_it_has_until_it_is_drained(world: World) -> None:
    world.publisher.update(mesh("web", "cart"))
    web = world.sidecar(instance("web"))
    world.do(lambda: world.publisher.update(mesh("cart")))
    assert "inbound|http" in web.names(CLUSTER)
    assert web.names(LISTENER)


def test_a_stranger_gets_no_stream(world: World) -> None:
    world.publisher.update(mesh("web"))
    claims = {"role": "gateway", "host": "here"}
    with pytest.raises(Refused):
        world.connect(Node("gateway-here", metadata=claims), "default", "web", CLUSTER)


def test_subscriptions_of_other_types_and_of_gateways_are_no_demand(world: World) -> None:
    world.publisher.update(mesh("web", routes=(route_set("shop", "web"),)))
    gateway = world.gateway()
    world.publisher.wanted(gateway.session, VIRTUAL_HOST, frozenset({"outbound.default/cart"}))
    assert world.publisher.connected["gateway-here"].demand == frozenset()


def test_a_cluster_of_a_service_with_fixed_addresses_has_its_endpoints_too(world: World) -> None:
    legacy = replace(service("legacy"), addresses=(Endpoint(address="10.0.0.5", port=80),))
    first = mesh("web")
    world.publisher.update(replace(first, services={**first.services, legacy.name: legacy}))
    web = world.sidecar(instance("web"))
    web.call("legacy")
    world.settle()
    assert web.names(ENDPOINT) == {"outbound|80||legacy.default"}


def needs_it_for(*names: str) -> Callable[[Iterable[Resource]], frozenset[str]]:
    def needed(resources: Iterable[Resource]) -> frozenset[str]:
        return frozenset({"secret|default/a"} if any(each.name in names for each in resources) else ())

    return needed


def test_a_secret_reaches_whoever_needs_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pki = Pki()
    secret = pki.secret("a", "a.example")
    shown = (Certificate(secret=secret.name),)
    secure = replace(LISTENER_HTTP, protocol=ListenerProtocol.HTTPS, certificates=shown)
    before = replace(mesh("web", "cart"), listeners={secure.name: secure})
    monkeypatch.setattr(mesh_secrets, "needed", needs_it_for("outbound|80||cart.default", "gateway|127.0.0.1:8080"))
    world.publisher.update(before)
    world.hosts.reported("here", (instance("web"), instance("cart")), "")
    gateway, sidecar, idle = world.gateway(), world.sidecar(instance("web")), world.sidecar(instance("cart"))
    sidecar.call("cart")
    for client in (gateway, sidecar):
        client.replica.subscribe(SECRET, {"secret|default/a"})
    world.settle()
    assert gateway.names(SECRET) == set()
    received = idle.received

    world.publisher.update(replace(before, secrets={secret.name: secret}))
    world.settle()
    assert gateway.names(SECRET) == sidecar.names(SECRET) == {"secret|default/a"}
    old = sidecar.replica.table(SECRET)["secret|default/a"].version

    rotated = pki.secret("a", "a.example")
    world.publisher.update(replace(before, secrets={rotated.name: rotated}))
    world.settle()
    assert gateway.replica.table(SECRET)["secret|default/a"].version != old
    assert sidecar.replica.table(SECRET)["secret|default/a"].version != old
    assert idle.received == received


def test_what_says_nothing_new_is_not_sent(world: World) -> None:
    first = mesh("web", "cart")
    world.publisher.update(first)
    world.hosts.connected("here", "host")
    web, agent = world.sidecar(instance("web")), world.agent()
    web.call("cart")
    world.settle()
    wanted = frozenset({"outbound.default/cart"})
    assert world.do(lambda: world.publisher.wanted(web.session, VIRTUAL_HOST, wanted)) == [0, 0]
    other = replace(first, settings=Settings(certificate_lifetime=60.0))
    assert world.do(lambda: world.publisher.update(other)) == [0, 0]
    world.publisher.closed(web.session)
    assert agent.names(WORKLOAD) == {"web.default", "cart.default"}


def test_what_is_no_longer_called_no_longer_concerns_a_sidecar(world: World) -> None:
    first = mesh("web", "cart", "stock")
    world.publisher.update(first)
    web = world.sidecar(instance("web"))
    web.call("cart")
    world.settle()
    world.do(lambda: world.publisher.wanted(web.session, VIRTUAL_HOST, frozenset()))
    assert CART not in web.names(CLUSTER)
    changed = replace(first, service_routes={name("cart"): (route_set("canary", "stock", of="cart"),)})
    assert world.do(lambda: world.publisher.update(changed)) == [0]


def test_a_rule_that_cannot_be_compiled_keeps_its_host_and_harms_no_other(world: World) -> None:
    shop, blog = route_set("shop", "web"), route_set("blog", "web")
    world.publisher.update(mesh("web", routes=(shop, blog)))
    gateway = world.gateway()
    before = dict(gateway.replica.table(VIRTUAL_HOST))
    other = replace(blog, rules=(replace(blog.rules[0], fault=Fault(delay=3.0)),))
    world.publisher.update(mesh("web", routes=(endless(shop), other)))
    world.settle()
    after = gateway.replica.table(VIRTUAL_HOST)
    shop_host, blog_host = "gateway.127.0.0.1:8080/shop.test", "gateway.127.0.0.1:8080/blog.test"
    assert after[shop_host].version == before[shop_host].version
    assert after[blog_host].version != before[blog_host].version
    assert [(each.name, each.origins[0]) for each in world.publisher.failed] == [(shop_host, HERE)]
    world.publisher.update(mesh("web", routes=(shop, blog)))
    world.settle()
    assert list(world.publisher.failed) == []


def test_the_same_for_a_sidecar_and_its_clusters(world: World) -> None:
    good = mesh("web", "cart", "stock")
    world.publisher.update(good)
    web = world.sidecar(instance("web"))
    web.call("cart", "stock")
    world.settle()
    cart = web.replica.table(CLUSTER)[CART]
    bad = unreachable(good, "cart")
    rules = endless(route_set("cart", "cart", of="cart"))
    world.publisher.update(replace(bad, service_routes={name("cart"): (rules,)}))
    world.settle()
    assert web.replica.table(CLUSTER)[CART].version == cart.version
    assert {each.name for each in world.publisher.failed} == {CART, "outbound.default/cart.default:80"}
    world.publisher.update(good)
    world.settle()
    assert list(world.publisher.failed) == []


def test_a_new_host_that_cannot_be_compiled_does_not_exist(world: World) -> None:
    world.publisher.update(mesh("web", routes=(endless(route_set("shop", "web")), route_set("blog", "web"))))
    gateway = world.gateway()
    assert "gateway.127.0.0.1:8080/blog.test" in gateway.names(VIRTUAL_HOST)
    assert "gateway.127.0.0.1:8080/shop.test" not in gateway.names(VIRTUAL_HOST)


def test_a_proxy_for_which_nothing_can_be_compiled_keeps_what_it_has(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mesh("web", "cart")
    world.publisher.update(first)
    web = world.sidecar(instance("web"))
    held = set(web.names(CLUSTER))
    changed = replace(first, settings=Settings(trust_domain="other"))
    with monkeypatch.context() as patched:
        patched.setattr("tulle.flow.publish.compile_sidecar", broken)
        world.publisher.update(changed)
        world.settle()
        assert web.names(CLUSTER) == held
        assert world.publisher.connected["web-1"].fault == "RuntimeError('broken')"
    world.publisher.update(replace(changed, findings=()))
    assert not world.publisher.connected["web-1"].fault


def test_an_update_that_ends_in_the_middle_is_made_up_for_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mesh("web", "cart")
    world.publisher.update(first)
    web = world.sidecar(instance("web"))
    web.call("cart")
    world.settle()
    before = web.replica.table(VIRTUAL_HOST)["outbound.default/cart.default:80"]
    changed = replace(first, service_routes={name("cart"): (route_set("x", "web", of="cart"),)})
    with monkeypatch.context() as patched:
        patched.setattr("tulle.flow.publish.changed_secrets", broken)
        with pytest.raises(RuntimeError):
            world.publisher.update(changed)
    world.publisher.update(changed)
    world.settle()
    assert web.replica.table(VIRTUAL_HOST)["outbound.default/cart.default:80"].version != before.version


def broken(*_: object) -> None:
    raise RuntimeError("broken")
