from __future__ import annotations

from dataclasses import replace

from tests.envoy.kitchen import HERE, http, rule
from tests.envoy.policies import authorizer, custom, deny, guard, token_rule, tokens
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.model.extensions import PluginPhase, WasmPlugin
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Fault, RateLimit
from tulle.model.routes import Respond
from tulle.model.security import Rule

SETTINGS = Settings()


def names(chain: Chain) -> list[str]:
    return [each.name for each in registry.chain(chain)]


def test_every_module_with_a_filter_is_found_and_the_router_is_last() -> None:
    found = [each.name for each in registry.all_filters()]
    assert {"on_demand", "rbac", "rate", "fault", "router"} <= set(found)
    assert found[-1] == "router"


def test_chains_hold_what_is_asked_for() -> None:
    assert names(Chain(side=Side.INBOUND, settings=SETTINGS)) == ["router"]
    guarded = guard(allow=(Rule(origin=HERE),), rate_limit=RateLimit(requests=1))
    assert names(Chain(side=Side.INBOUND, settings=SETTINGS, guard=guarded, port=http())) == ["rbac", "rate", "router"]
    assert names(Chain(side=Side.GATEWAY, settings=SETTINGS)) == [
        *("cors", "check", "rate", "fault", "session", "router")
    ]
    assert names(Chain(side=Side.CONNECT, settings=SETTINGS)) == [
        *("on_demand", "cors", "check", "rate", "fault", "session", "router")
    ]


def test_what_a_guard_says_stands_in_the_order_of_istio() -> None:
    plugins = tuple(
        WasmPlugin(name=Name("default", phase.name.lower()), origin=HERE, file="/p.wasm", phase=phase)
        for phase in PluginPhase
    )
    everything = guard(
        deny(),
        custom("x"),
        allow=(),
        rate_limit=RateLimit(requests=1),
        tokens=(tokens(token_rule(jwks="{}")),),
        authorizers=(authorizer("x", "y"),),
        plugins=plugins,
    )
    clusters = (("authorizer x", "c"),)
    chain = Chain(side=Side.INBOUND, settings=SETTINGS, guard=everything, port=http(), clusters=clusters)
    assert names(chain) == [
        *("custom.match.x", "custom.x", "wasm.authn.default", "tokens", "wasm.authz.default"),
        *("rbac", "rbac.deny", "rate", "wasm.stats.default", "wasm.unspecified.default", "router"),
    ]


def test_a_route_asks_for_what_its_rule_says() -> None:
    plain = rule("r", Respond(status=200))
    busy = rule("r", Respond(status=200), fault=Fault(delay=1), rate_limit=RateLimit(requests=1))
    assert registry.asked(plain) == {}
    assert set(registry.asked(busy)) == {"fault", "rate"}


def test_where_routes_are_lazy_they_turn_dormant_filters_off() -> None:
    def disabled(side: Side) -> set[str]:
        return {each.name for each in registry.chain(Chain(side=side, settings=SETTINGS)) if each.disabled}

    dormant = {"cors", "check", "rate", "fault", "session"}
    assert disabled(Side.GATEWAY) == dormant
    assert disabled(Side.OUTBOUND) == disabled(Side.CONNECT) == set()
    off = registry.asleep(Chain(side=Side.OUTBOUND, settings=SETTINGS))
    assert set(off) == dormant
    assert all(each == registry.OFF for each in off.values())


def test_what_must_change_for_open_connections_stands_in_slots() -> None:
    for side, owner in ((Side.INBOUND, "inbound|http"), (Side.GATEWAY, "gateway|x|80")):
        chain = Chain(side=side, settings=SETTINGS, port=http(), owner=owner)
        guarded = replace(chain, guard=guard(deny(), tokens=(tokens(token_rule(jwks="{}")),)))
        standing = [each for each in names(chain) if each.endswith(owner)]
        assert standing == [f"{name}@{owner}" for name in ("custom", "tokens", "rbac")]
        assert names(guarded) == names(chain)
        assert [each.name for each in registry.delivered(guarded, (HERE,))] == standing
