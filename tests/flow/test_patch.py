from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flow.world import instance, mesh, name, route_set
from tulle.envoy import mesh_secrets
from tulle.envoy.compile import compile_sidecar
from tulle.flow.differences import changed_services
from tulle.flow.patch import Patch
from tulle.kit.tables import changed_keys
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Mesh, Settings
from tulle.model.objects import Secret
from tulle.model.routes import Backend, ExternalCheck
from tulle.model.security import AccessAction, AccessPolicy, AccessRule, Authorizer
from tulle.model.services import Protocol
from tulle.model.workloads import Forward
from tulle.xds.snapshot import CLUSTER, SECRET, Snapshot

WEB = instance("web")
SERVICES = ("cart", "stock", "prices", "missing")
BASE = mesh("web", "cart", "stock", "prices")


def patched(old: Mesh, new: Mesh, *demand: str) -> Snapshot | None:
    held = compile_sidecar(old, WEB, frozenset(demand))
    guards = changed_keys(old.guards, new.guards)
    return Patch(old, new, changed_services(old, new), guards).apply(WEB, frozenset(demand), held)


def versions(snapshot: Snapshot) -> Mapping[str, Mapping[str, str]]:
    return {kind: {key: each.version for key, each in table.items()} for kind, table in snapshot.tables.items()}


def ruled(of: str, target: str, text: str = "rule", base: Mesh = BASE) -> Mesh:
    """The mesh in which calls of one service go to another."""
    return replace(base, service_routes={**base.service_routes, name(of): (route_set(text, target, of=of),)})


def test_only_what_differs_is_replaced() -> None:
    old, new = BASE, ruled("cart", "cart")
    held = compile_sidecar(old, WEB, frozenset(("cart", "stock")))

    snapshot = Patch(old, new, changed_services(old, new)).apply(WEB, frozenset(("cart", "stock")), held)

    assert snapshot is not None
    assert versions(snapshot) == versions(compile_sidecar(new, WEB, frozenset(("cart", "stock"))))
    assert snapshot.table(CLUSTER) is held.table(CLUSTER)


def test_everybody_who_calls_the_same_gets_the_same_resources() -> None:
    old, new = BASE, ruled("cart", "cart")
    patch = Patch(old, new, changed_services(old, new))
    demand = frozenset(("cart",))

    first, second = (patch.apply(one, demand, compile_sidecar(old, one, demand)) for one in (WEB, instance("web", 2)))

    assert first is not None
    assert second is not None
    host = "outbound.default/cart.default:80"
    tables = [each.tables["type.googleapis.com/envoy.config.route.v3.VirtualHost"] for each in (first, second)]
    assert tables[0][host] is tables[1][host]


@pytest.mark.parametrize(
    "new",
    [
        ruled("cart", "stock"),
        replace(BASE, settings=Settings()),
        replace(BASE, guards={**BASE.guards, name("web"): replace(BASE.guards[name("web")])}),
        replace(BASE, services={key: each for key, each in BASE.services.items() if key != name("cart")}),
        replace(BASE, guards={key: each for key, each in BASE.guards.items() if key != name("web")}),
    ],
    ids=["another backend", "other settings", "its own guard", "a service less", "its own guard less"],
)
def test_where_more_than_known_resources_may_differ_everything_is_compiled(new: Mesh) -> None:
    assert patched(BASE, new, "cart") is None


def test_a_changed_service_with_a_local_port_is_compiled() -> None:
    forwarding = replace(
        WEB, forwards=(Forward(service=name("cart"), port=80, protocol=Protocol.TCP, address="127.0.0.1:7000"),)
    )
    new = ruled("cart", "cart")

    assert Patch(BASE, new, changed_services(BASE, new)).apply(forwarding, frozenset(), Snapshot()) is None


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    made = mesh("web", *draw(st.sets(st.sampled_from(SERVICES))))
    kept = {
        key: BASE.services[key] if draw(st.booleans()) and key in BASE.services else made.services[key]
        for key in made.services
    }
    routes = {
        name(of): (route_set(f"to-{target}", target, of=of),)
        for of, target in draw(st.dictionaries(st.sampled_from(SERVICES), st.sampled_from(SERVICES))).items()
        if name(of) in kept
    }
    return replace(BASE, services={**kept, name("web"): BASE.services[name("web")]}, service_routes=routes)


@given(meshes(), meshes(), st.sets(st.sampled_from((*SERVICES, "cart:80", "example.org", "stock.default"))))
def test_a_patch_is_what_compiling_everything_gives(old: Mesh, new: Mesh, demand: set[str]) -> None:
    snapshot = patched(old, new, *demand)

    assert snapshot is None or versions(snapshot) == versions(compile_sidecar(new, WEB, frozenset(demand)))


def test_where_secrets_matter_everything_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = BASE, ruled("cart", "cart")
    held = compile_sidecar(old, WEB, frozenset(("cart",)))
    patch = Patch(old, new, changed_services(old, new))
    assert patch.apply(WEB, frozenset(("cart",)), held) is not None
    with_secret = Snapshot({**held.tables, SECRET: held.table(CLUSTER)})
    assert patch.apply(WEB, frozenset(("cart",)), with_secret) is None
    monkeypatch.setattr(mesh_secrets, "needed", lambda resources: frozenset({"secret|a/b"}))
    assert patch.apply(WEB, frozenset(("cart",)), held) is None
    secret = Secret(name=name("s"), origin=BUILT_IN)
    added = replace(old, secrets={secret.name: secret})
    assert Patch(old, added, set()).apply(WEB, frozenset(), held) is None


def test_where_somebody_changed_whom_the_proxy_itself_asks_everything_is_compiled() -> None:
    check = ExternalCheck(backend=Backend(service=name("prices"), origin=BUILT_IN))
    asking = Authorizer(name="prices", origin=BUILT_IN, check=check)
    rule = AccessRule(origin=BUILT_IN)
    policy = AccessPolicy(
        name=name("ask"), origin=BUILT_IN, action=AccessAction.CUSTOM, rules=(rule,), provider=asking.name
    )
    guard = replace(BASE.guards[name("web")], access=(policy,), authorizers=(asking,))
    old = replace(BASE, guards={**BASE.guards, name("web"): guard})
    assert patched(old, ruled("stock", "cart", base=old), "cart") is not None
    assert patched(old, ruled("prices", "cart", base=old), "cart") is None
