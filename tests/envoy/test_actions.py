from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import backend, http, rule, service
from tulle.envoy import actions
from tulle.envoy.actions import Destinations
from tulle.model.names import Name
from tulle.model.policies import Balance, HashOn, LoadBalancing, Policy, Retry
from tulle.model.routes import Backend, Forward, HeaderChanges, Match, Mirror, Redirect, Respond, Rewrite, RouteRule
from tulle.model.services import Port, Service, Subset


def hashing(on: HashOn) -> Policy:
    return Policy(load_balancing=LoadBalancing(balance=Balance.RING_HASH, hash_on=on))


def known(*services: Service, **more: object) -> Destinations:
    return Destinations({each.name: each for each in services}, **more)  # type: ignore[arg-type]


WEB = service(
    "web",
    http(80),
    Port(name="admin", number=81),
    subsets=(
        Subset(name="v1", labels=()),
        Subset(name="v2", labels=(), policy=hashing(HashOn(header="x-user"))),
    ),
)
SHOP = service("shop", http(90))


def compiled(action: Forward | Redirect | Respond, to: Destinations | None = None, **more: object) -> Json:
    made: RouteRule = rule("r", action, **more)
    return as_json(actions.route(made, Match(), None, to or known(WEB, SHOP)))


def test_one_backend_is_a_cluster_and_no_time_limit() -> None:
    assert compiled(Forward(backends=(backend("web"),))) == {
        "route": {"cluster": "outbound|80||web.default", "timeout": "0s"}
    }


def test_backends_share_by_weight_and_weight_0_is_idle() -> None:
    shares = Forward(
        backends=(backend("web", weight=9), backend("shop"), backend("web", port=81, weight=0)), timeout=1.5
    )
    found = compiled(shares)["route"]
    assert found["timeout"] == "1.500s"
    assert found["weighted_clusters"]["clusters"] == [
        {"name": "outbound|80||web.default", "weight": 9},
        {"name": "outbound|90||shop.default", "weight": 1},
    ]


@pytest.mark.parametrize(
    ("place", "status", "reason"),
    [
        (backend("ghost"), 503, 'there is no service "ghost.default"'),
        (backend("web", port=9), 503, 'service "web.default" has no port 9; it has 80, 81'),
        (backend("web", subset="v9"), 503, 'service "web.default" has no version "v9"'),
        (backend("shop"), 403, 'service "shop.default" does not allow this caller'),
        (backend("web", weight=0), 503, "every backend of the route has weight 0"),
    ],
)
def test_a_route_that_leads_nowhere_says_why(place: Backend, status: int, reason: str) -> None:
    to = known(WEB, SHOP, denied=frozenset((SHOP.name,)))
    found = compiled(Forward(backends=(place,)), to)
    assert found["direct_response"]["status"] == status
    assert found["response_headers_to_add"][0]["header"] == {"key": "x-tulle-reason", "value": reason}


def test_a_service_without_ports_says_so() -> None:
    found = compiled(Forward(backends=(backend("empty"),)), known(service("empty")))
    assert found["direct_response"]["body"]["inline_string"].endswith("has no port None; it has none\n")


def test_the_share_of_a_missing_backend_fails_alone() -> None:
    found = compiled(Forward(backends=(backend("ghost", port=1), backend("web"))))
    names = [each["name"] for each in found["route"]["weighted_clusters"]["clusters"]]
    assert names == ["outbound|1||ghost.default", "outbound|80||web.default"]


def test_rules_of_a_service_stay_on_the_port_that_was_called() -> None:
    to = known(WEB, SHOP, called=(WEB.name, 81))
    shares = Forward(backends=(backend("web", subset="v1"), backend("shop")))
    names = [each["name"] for each in compiled(shares, to)["route"]["weighted_clusters"]["clusters"]]
    assert names == ["outbound|81|v1|web.default", "outbound|90||shop.default"]


def test_mirrors_that_cannot_be_reached_are_left_out() -> None:
    mirrors = (Mirror(backend=backend("web"), percent=5), Mirror(backend=backend("ghost")))
    found = compiled(Forward(backends=(backend("shop"),), mirrors=mirrors))["route"]["request_mirror_policies"]
    assert [each["cluster"] for each in found] == ["outbound|80||web.default"]
    assert found[0]["runtime_fraction"]["default_value"] == {"numerator": 50000, "denominator": "MILLION"}


def test_retries_and_rewrites_are_applied() -> None:
    action = Forward(backends=(backend("web"),), rewrite=Rewrite(host="h"))
    found = as_json(actions.forward(action, Match(), Retry(attempts=7), known(WEB)))
    assert found["route"]["retry_policy"]["num_retries"] == 7
    assert found["route"]["host_rewrite_literal"] == "h"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (HashOn(header="x"), {"header": {"header_name": "x"}}),
        (HashOn(cookie="c"), {"cookie": {"name": "c"}}),
        (HashOn(cookie="c", cookie_ttl=5), {"cookie": {"name": "c", "ttl": "5s", "path": "/"}}),
        (HashOn(query="q"), {"query_parameter": {"name": "q"}}),
        (HashOn(source_ip=True), {"connection_properties": {"source_ip": True}}),
    ],
)
def test_what_requests_are_hashed_by(on: HashOn, expected: Json) -> None:
    hashed = service("web", http(), policy=hashing(on))
    found = compiled(Forward(backends=(backend("ghost"), backend("web"))), known(hashed))
    assert found["route"]["hash_policy"] == [expected]


def test_a_version_with_a_policy_of_its_own_hashes_by_that() -> None:
    found = compiled(Forward(backends=(backend("web", subset="v2"),)))["route"]
    assert found["hash_policy"] == [{"header": {"header_name": "x-user"}}]
    assert "hash_policy" not in compiled(Forward(backends=(backend("web", subset="v1"),)))["route"]


def test_headers_are_changed_without_touching_what_envoy_refuses() -> None:
    changes = HeaderChanges(
        set=(("x-a", "50%"), ("Host", "other"), (":path", "/x")), add=(("x-b", "1"),), remove=("x-c", "host")
    )
    found = compiled(Forward(backends=(backend("web"),)), request_headers=changes, response_headers=changes)
    assert found["route"]["host_rewrite_literal"] == "other"
    for side in ("request", "response"):
        added = [(each["header"]["key"], each["header"]["value"]) for each in found[f"{side}_headers_to_add"]]
        assert added == [("x-a", "50%%"), ("x-b", "1")]
        assert found[f"{side}_headers_to_remove"] == ["x-c"]


def test_redirects_and_answers() -> None:
    moved = compiled(Redirect(host="h"), request_headers=HeaderChanges(set=(("host", "ignored"),)))
    assert moved == {"redirect": {"host_redirect": "h"}}
    assert compiled(Respond(status=204)) == {"direct_response": {"status": 204}}
    said = compiled(Respond(status=200, body="b", headers=(("a", "100%"),)))
    assert said["direct_response"] == {"status": 200, "body": {"inline_string": "b"}}
    assert said["response_headers_to_add"][0]["header"] == {"key": "a", "value": "100%%"}


def test_names_keep_their_namespace() -> None:
    far = Backend(service=Name("far", "x"), port=5, origin=WEB.origin)
    assert known().cluster(far) == "outbound|5||x.far"
