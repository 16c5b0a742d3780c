from __future__ import annotations

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import backend, rule
from tulle.envoy import authorizers
from tulle.envoy.filters import check
from tulle.model.routes import ExternalCheck, Respond


def test_a_route_brings_the_whole_filter_along() -> None:
    assert check.ask(rule("r", Respond(status=200))) is None
    asked = ExternalCheck(backend=backend("guard", port=9000))
    found = as_json(check.ask(rule("r", Respond(status=200), check=asked)))
    action = found["xds_matcher"]["on_no_match"]["action"]["typed_config"]
    content = action["typed_config"]["typed_config"]
    del content["@type"]
    assert content == as_json(authorizers.for_requests(asked, "outbound|9000||guard.default"))
