from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import http, service
from tulle.envoy import hashing
from tulle.model.policies import HashOn, LoadBalancing, Policy
from tulle.model.services import Subset


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (HashOn(header="x"), {"header": {"header_name": "x"}}),
        (HashOn(cookie="c"), {"cookie": {"name": "c"}}),
        (HashOn(cookie="c", cookie_ttl=5), {"cookie": {"name": "c", "ttl": "5s", "path": "/"}}),
        (
            HashOn(cookie="c", cookie_ttl=0, cookie_path="/a", cookie_attributes=(("SameSite", "Strict"),)),
            {
                "cookie": {
                    "name": "c",
                    "ttl": "0s",
                    "path": "/a",
                    "attributes": [{"name": "SameSite", "value": "Strict"}],
                }
            },
        ),
        (HashOn(query="q"), {"query_parameter": {"name": "q"}}),
        (HashOn(source_ip=True), {"connection_properties": {"source_ip": True}}),
    ],
)
def test_what_requests_are_hashed_by(on: HashOn, expected: Json) -> None:
    assert as_json(hashing.policy(on)) == expected


def by(header: str) -> Policy:
    return Policy(load_balancing=LoadBalancing(hash_on=HashOn(header=header)))


def test_the_nearest_policy_counts() -> None:
    part = Subset(name="v1", labels=(), policy=by("subset"), port_policies=((80, by("port")),))
    plain = Subset(name="v2", labels=())
    web = service("web", http(80), policy=by("service"), subsets=(part, plain))
    assert hashing.of_service(web, http(80), None) == HashOn(header="service")
    assert hashing.of_service(web, http(80), "v2") == HashOn(header="service")
    assert hashing.of_service(web, http(81), "v1") == HashOn(header="subset")
    assert hashing.of_service(web, http(80), "v1") == HashOn(header="port")
    assert hashing.of_service(web, None, "v1") == HashOn(header="subset")
