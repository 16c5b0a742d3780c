from __future__ import annotations

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2

from tests.envoy.decoded import as_json, decoded
from tests.envoy.kitchen import HERE
from tulle.envoy import slots
from tulle.envoy.filters.base import Slot, active
from tulle.xds.snapshot import EXTENSION

ONE, TWO = (active(name, rbac_pb2.RBAC(rules_stat_prefix=name)) for name in ("rbac.deny", "rbac.allow"))


def test_a_slot_is_found_by_its_name_and_waited_for() -> None:
    found = as_json(slots.standing(Slot("rbac", ()), "inbound|http"))
    assert found["name"] == "rbac@inbound|http"
    assert found["config_discovery"]["config_source"]["initial_fetch_timeout"] == "0s"
    holds = found["config_discovery"]["type_urls"]
    assert {"envoy.extensions.filters.http.rbac.v3.RBAC", str(slots.NOTHING.TypeName())} <= set(holds)


def test_a_slot_holds_nothing_one_filter_or_several() -> None:
    for filters in ((), (ONE,), (ONE, TWO)):
        content = slots.content(Slot("rbac", filters), "inbound|http", (HERE,))
        assert (content.type_url, content.name, content.origins) == (EXTENSION, "rbac@inbound|http", (HERE,))
        back = slots.filters_of(content)
        assert [each.typed_config for each in back] == [each.typed_config for each in filters]
        assert [each.name for each in back] == (["rbac"] if len(filters) == 1 else [each.name for each in filters])
        held = extension_pb2.TypedExtensionConfig.FromString(content.body).typed_config.TypeName()
        assert str(held) in slots.MAY_HOLD


def test_several_filters_are_passed_in_their_order() -> None:
    content = decoded(slots.content(Slot("rbac", (ONE, TWO)), "x", ()))
    action = content["typed_config"]["xds_matcher"]["on_no_match"]["action"]["typed_config"]
    assert [each["name"] for each in action["filter_chain"]["typed_config"]] == ["rbac.deny", "rbac.allow"]
