from __future__ import annotations

from tests.envoy.decoded import as_json
from tulle.envoy.steps import bodies
from tulle.envoy.steps.parts import Where, Work
from tulle.model.steps import AddPrefix, LimitBodies

HERE = Where("0", "router/1")


def test_answers_have_a_limit() -> None:
    (work,) = bodies.limit(LimitBodies(request=10, answer=20), HERE)
    assert work == Work(answer=({"op": "limit_body", "waits": True, "most": 20},))
    assert bodies.limit(LimitBodies(request=10), HERE) == ()


def test_of_several_limits_of_requests_the_smallest_counts() -> None:
    done = (LimitBodies(request=20), AddPrefix(prefix="/a"), LimitBodies(), LimitBodies(request=10))
    assert as_json(bodies.kept_back(done)) == {"buffer": {"max_request_bytes": 10}}
    assert as_json(bodies.kept_back([LimitBodies(request=2**40)])) == {"buffer": {"max_request_bytes": bodies.LARGEST}}
    assert bodies.kept_back([LimitBodies(answer=1)]) is None


def test_what_is_upgraded_is_not_kept_back() -> None:
    found = as_json(bodies.buffer())
    (matcher,) = found["xds_matcher"]["matcher_list"]["matchers"]
    assert matcher["predicate"]["single_predicate"]["input"]["typed_config"]["header_name"] == "upgrade"
    assert matcher["on_match"]["action"]["name"] == "skip"
