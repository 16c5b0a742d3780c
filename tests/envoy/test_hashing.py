from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tulle.envoy import hashing
from tulle.model.policies import HashOn


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
