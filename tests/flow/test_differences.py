from __future__ import annotations

from tulle.flow.differences import changed_names, changed_secrets, changed_services, last_good
from tulle.kit.tables import changed_keys
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.objects import ConfigMap, Secret
from tulle.model.routes import RouteSet
from tulle.model.services import Port, Service
from tulle.xds.snapshot import CLUSTER, VIRTUAL_HOST, Snapshot, failed, framed

WEB, CART = Name("default", "web"), Name("default", "cart")


def service(name: Name) -> Service:
    return Service(name=name, origin=BUILT_IN, ports=(Port(name="http", number=80),), account=name.name)


def rules(name: Name) -> RouteSet:
    return RouteSet(name=name, origin=BUILT_IN, service=name)


def test_the_same_mapping_has_no_changes() -> None:
    mapping = {1: object()}
    assert changed_keys(mapping, mapping) == set()


def test_added_removed_and_replaced_keys_are_changes_and_equal_objects_are_not() -> None:
    kept = object()
    old = {"kept": kept, "removed": object(), "replaced": object()}
    new = {"kept": kept, "added": object(), "replaced": object()}
    assert changed_keys(old, new) == {"removed", "added", "replaced"}


def test_one_key_in_exchange_for_another_is_noticed_although_the_size_is_the_same() -> None:
    kept = object()
    assert changed_keys({"a": kept, "b": kept}, {"a": kept, "c": kept}) == {"b", "c"}


def test_a_service_changes_with_its_definition_and_with_its_rules() -> None:
    web, cart, old_rules = service(WEB), service(CART), rules(WEB)
    sets = (old_rules,)
    old = Mesh(services={WEB: web, CART: cart}, service_routes={WEB: sets})
    same = Mesh(services={WEB: web, CART: cart}, service_routes={WEB: sets})
    new_rules = Mesh(services={WEB: web, CART: cart}, service_routes={WEB: (rules(WEB),)})
    no_rules = Mesh(services={WEB: web, CART: service(CART)})
    assert changed_services(old, same) == set()
    assert changed_services(old, new_rules) == {WEB}
    assert changed_services(old, no_rules) == {WEB, CART}


def test_a_host_changes_with_its_service_and_with_its_rules() -> None:
    old = Mesh(hosts={"a.test": (WEB,)})
    assert changed_services(old, Mesh(hosts={"a.test": (CART,)})) == {Name("", "a.test")}
    assert changed_services(old, Mesh(hosts=old.hosts, host_routes={"*": (rules(WEB),)})) == {Name("", "*")}


def test_names_are_listed_only_for_types_that_changed() -> None:
    one, two = framed(CLUSTER, "one", b"1"), framed(CLUSTER, "two", b"2")
    assert changed_names(Snapshot({CLUSTER: {"one": one}}), Snapshot({CLUSTER: {"one": one, "two": two}})) == {
        CLUSTER: {"two"}
    }
    assert changed_names(Snapshot({CLUSTER: {"one": one}}), Snapshot({CLUSTER: {"one": one}})) == {}


def test_secrets_are_named_as_proxies_name_them() -> None:
    secret = Secret(name=Name("a", "b"), origin=BUILT_IN)
    bundle = ConfigMap(name=Name("a", "c"), origin=BUILT_IN)
    new = Mesh(secrets={secret.name: secret}, config_maps={bundle.name: bundle})
    assert changed_secrets(Mesh(), new) == {"secret|a/b", "secret-ca|a/b", "config-map-ca|a/c"}
    assert changed_secrets(new, new) == frozenset()


def test_what_could_not_be_compiled_keeps_what_is_held_and_what_that_needs() -> None:
    host, cluster, other = framed(VIRTUAL_HOST, "h", b""), framed(CLUSTER, "c", b""), framed(CLUSTER, "d", b"")
    held = Snapshot({VIRTUAL_HOST: {"h": host}, CLUSTER: {"c": cluster}})
    broken, unknown = failed(VIRTUAL_HOST, "h", "why"), failed(VIRTUAL_HOST, "new", "why")
    desired = Snapshot({VIRTUAL_HOST: {"h": broken, "new": unknown}, CLUSTER: {"d": other}})
    found, failures = last_good(desired, held)
    assert found.table(VIRTUAL_HOST) == {"h": host}
    assert found.table(CLUSTER) == {"c": cluster, "d": other}
    assert failures == (broken, unknown)


def test_a_snapshot_without_failures_is_taken_as_it_is() -> None:
    desired = Snapshot({CLUSTER: {"d": framed(CLUSTER, "d", b"")}})
    assert last_good(desired, Snapshot()) == (desired, ())
