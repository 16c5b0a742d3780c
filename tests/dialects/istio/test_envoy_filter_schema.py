from __future__ import annotations

from tulle.dialects.istio.envoy_filter_schema import EnvoyFilterObject, Match


def test_matches_have_the_fields_of_istio() -> None:
    schema = EnvoyFilterObject.model_json_schema()
    known = {name: set(each.get("properties", ())) for name, each in schema["$defs"].items()}
    assert known["Match"] == {"context", "proxy", "listener", "routeConfiguration", "cluster", "waypoint"}
    assert known["ListenerMatch"] == {"portNumber", "portName", "name", "listenerFilter", "filterChain"}
    assert known["RouteConfigurationMatch"] == {"portNumber", "portName", "gateway", "name", "vhost"}
    assert known["ClusterMatch"] == {"portNumber", "service", "subset", "name"}
    assert known["PatchSpec"] == {"operation", "value", "filterClass"}


def test_a_match_may_say_nothing() -> None:
    assert Match.model_validate({}).context.value == "ANY"
