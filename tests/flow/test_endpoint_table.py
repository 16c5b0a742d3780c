from __future__ import annotations

from dataclasses import replace

from tests.flow.world import guard, instance, mesh, name
from tulle.flow.endpoint_table import EndpointTable
from tulle.model.security import PeerMode
from tulle.model.services import Endpoint

CART = "outbound|80||cart.default"


def test_a_load_assignment_is_compiled_when_it_is_first_needed_and_then_shared() -> None:
    table = EndpointTable()
    table.update(mesh("cart"), {}, {name("cart")})
    assert len(table) == 0
    assert table.get(CART) is table.get(CART)
    assert len(table) == 1


def test_nobody_answers_for_a_service_that_does_not_exist() -> None:
    assert EndpointTable().get(CART) is None


def test_only_load_assignments_that_differ_are_reported() -> None:
    table, shop = EndpointTable(), mesh("cart", "web")
    table.update(shop, {}, ())
    table.get(CART)
    one = {name("cart"): (instance("cart"),)}
    assert set(table.update(shop, one, {name("cart"), name("web")})) == {CART}
    assert table.update(shop, one, {name("cart")}) == {}


def test_a_removed_service_takes_its_load_assignments_with_it() -> None:
    table = EndpointTable()
    table.update(mesh("cart"), {}, ())
    table.get(CART)
    assert table.update(mesh("web"), {}, {name("cart")}) == {CART: None}
    assert len(table) == 0


def test_what_the_proxy_of_an_instance_takes_is_told_with_its_endpoint() -> None:
    table, shop = EndpointTable(), mesh("cart")
    one = {name("cart"): (instance("cart"),)}
    mixed = {name("cart"): replace(shop.services[name("cart")], plain_ports=(80,))}
    guards = {name("cart"): replace(guard("cart"), peer_mode=PeerMode.DISABLE)}
    table.update(replace(shop, services=mixed), one, ())
    table.get(CART)
    assert set(table.update(replace(shop, services=mixed, guards=guards), one, {name("cart")})) == {CART}


def test_what_cannot_be_compiled_keeps_the_last_good_version() -> None:
    table, good = EndpointTable(), mesh("cart")
    table.update(good, {}, ())
    kept = table.get(CART)
    cart = good.services[name("cart")]
    bad = replace(good, services={cart.name: replace(cart, addresses=(Endpoint(address="127.0.0.1", port=10**12),))})
    assert table.update(bad, {}, {cart.name}) == {}
    assert table.get(CART) is kept
    assert set(table.failed) == {CART}
    assert table.update(good, {}, {cart.name}) == {}
    assert table.failed == {}


def test_what_could_never_be_compiled_is_not_there_and_tried_again_after_a_change() -> None:
    table, good = EndpointTable(), mesh("cart")
    cart = good.services[name("cart")]
    bad = replace(good, services={cart.name: replace(cart, addresses=(Endpoint(address="127.0.0.1", port=10**12),))})
    table.update(bad, {}, ())
    assert table.get(CART) is None
    assert table.get(CART) is None
    assert set(table.update(good, {}, {cart.name})) == {CART}
    table.update(bad, {}, {cart.name})
    assert table.update(mesh("web"), {}, {cart.name}) == {CART: None}
    assert table.failed == {}
