from __future__ import annotations

from tests.envoy.kitchen import HERE, http, rule, service
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.model.mesh import Settings
from tulle.model.policies import Fault, Policy, RateLimit
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
    guarded = service("x", allow=(Rule(origin=HERE),), policy=Policy(rate_limit=RateLimit(requests=1)))
    assert names(Chain(side=Side.INBOUND, settings=SETTINGS, service=guarded, port=http())) == [
        "rbac",
        "rate",
        "router",
    ]
    assert names(Chain(side=Side.GATEWAY, settings=SETTINGS)) == [
        *("cors", "check", "rate", "fault", "session", "router")
    ]
    assert names(Chain(side=Side.CONNECT, settings=SETTINGS)) == [
        *("on_demand", "cors", "check", "rate", "fault", "session", "router")
    ]


def test_a_route_asks_for_what_its_rule_says() -> None:
    plain = rule("r", Respond(status=200))
    busy = rule("r", Respond(status=200), fault=Fault(delay=1), rate_limit=RateLimit(requests=1))
    assert registry.asked(plain) == {}
    assert set(registry.asked(busy)) == {"fault", "rate"}
