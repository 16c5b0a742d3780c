from __future__ import annotations

from tests.envoy.decoded import as_json
from tests.envoy.policies import guard
from tulle.envoy.filters import rate_limit
from tulle.envoy.filters.base import Chain, Side
from tulle.model.mesh import Settings
from tulle.model.policies import RateLimit


def test_a_bucket_holds_what_its_limit_says() -> None:
    found = as_json(rate_limit.bucket(RateLimit(requests=5, per=0.5)))
    assert found["token_bucket"] == {"max_tokens": 5, "tokens_per_fill": 5, "fill_interval": "0.500s"}
    assert as_json(rate_limit.bucket(RateLimit(requests=5, burst=50)))["token_bucket"]["max_tokens"] == 50
    assert found["response_headers_to_add"][0]["header"]["value"] == "more than 5 requests in 0.5 s"


def test_it_guards_services_with_a_limit_and_sleeps_where_routes_decide() -> None:
    limited = guard(rate_limit=RateLimit(requests=1))
    for guarded, stands in ((limited, True), (guard(), False), (None, False)):
        chain = Chain(side=Side.INBOUND, settings=Settings(), guard=guarded)
        assert (rate_limit.place(chain) is not None) is stands
    placed = rate_limit.place(Chain(side=Side.GATEWAY, settings=Settings()))
    assert placed is not None
    assert placed.disabled
