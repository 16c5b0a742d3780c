from __future__ import annotations

from dataclasses import replace

import pytest

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import backend, http, rule, service
from tulle.envoy import actions
from tulle.envoy.actions import Destinations
from tulle.envoy.rewrites import Entry
from tulle.model.names import Name
from tulle.model.policies import Balance, ClientTls, HashOn, LoadBalancing, Policy, Retry, TlsMode
from tulle.model.routes import (
    Backend,
    Delegate,
    Forward,
    HeaderChanges,
    Match,
    Mirror,
    Redirect,
    Respond,
    Rewrite,
    RouteRule,
)
from tulle.model.services import Port, Protocol, Service, Subset


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
    if isinstance(action, Redirect):
        (only,) = actions.redirects(made, action, Match(), to or known(WEB, SHOP))
        return as_json(only)
    return as_json(actions.route(made, Match(), None, to or known(WEB, SHOP)))


def shares(action: Forward, request_headers: HeaderChanges | None = None) -> list[Json]:
    found: list[Json] = compiled(action, request_headers=request_headers)["route"]["weighted_clusters"]["clusters"]
    return found


def test_one_backend_is_a_cluster_and_no_time_limit() -> None:
    assert compiled(Forward(backends=(backend("web"),))) == {
        "route": {
            "cluster": "outbound|80||web.default",
            "timeout": "0s",
            "max_stream_duration": {"grpc_timeout_header_max": "0s"},
        }
    }


def test_a_number_of_udp_is_another_port_than_that_of_tcp() -> None:
    dns = service("dns", Port(name="dns", number=53, protocol=Protocol.UDP), http(53))
    to = known(dns)
    assert to.cluster(backend("dns", port=53)) == "outbound|53||dns.default"
    assert to.cluster(replace(backend("dns", port=53), is_udp=True)) == "outbound|53/udp||dns.default"


def test_gateways_that_show_a_certificate_have_clusters_of_their_own() -> None:
    policy = Policy(tls=ClientTls(mode=TlsMode.SIMPLE))
    bank = service("bank", http(443), policy=policy, is_outside=True)
    to = known(bank, SHOP, listener=Entry(shown_secret=Name("default", "client")))
    assert to.cluster(backend("bank", port=443)) == "outbound|443|+default/client|bank.default"
    assert to.cluster(backend("shop", port=90)) == "outbound|90||shop.default", "nobody speaks TLS there"
    assert to.cluster(backend("none", port=90)) == "outbound|90||none.default"


def test_shares_that_are_answered_are_parts_of_the_rule() -> None:
    here, there, plain = Redirect(host="here"), Respond(status=403), backend("shop", weight=2)
    backends = (
        backend("web", weight=1, answer=here, response_headers=HeaderChanges(remove=("x",))),
        plain,
        backend("web", weight=0, answer=here),
        backend("ghost", weight=1, answer=here),
        backend("web", weight=4, answer=there),
    )
    made = rule("r", Forward(backends=backends))
    (first, part), (second, both), (rest, no_limit) = actions.shared_out(made, known(WEB, SHOP))
    assert (first.action, part, second.action, both) == (here, 12.5, there, 62.5)
    assert first.response_headers == HeaderChanges(remove=("x",)) and second.response_headers is None
    assert isinstance(rest.action, Forward) and rest.action.backends == (plain, backends[2], backends[3])
    assert no_limit is None
    alone = rule("r", Forward(backends=(backends[0], backends[2])))
    assert [each for _, each in actions.shared_out(alone, known(WEB))] == [None]
    assert list(actions.shared_out(rule("r", there), known())) == [(rule("r", there), None)]


def test_backends_share_by_weight_and_weight_0_is_idle() -> None:
    action = Forward(
        backends=(backend("web", weight=9), backend("shop"), backend("web", port=81, weight=0)), timeout=1.5
    )
    found = compiled(action)["route"]
    assert found["timeout"] == "1.500s"
    assert "max_stream_duration" not in found  # It would make Envoy ignore the timeout.
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
        (backend("web", problem="nobody knows this kind"), 503, "nobody knows this kind"),
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


def test_where_no_backend_exists_the_status_is_the_writers_choice() -> None:
    for backends in ((), (backend("ghost"),), (backend("web", weight=0),)):
        found = compiled(Forward(backends=backends, status_without_backends=500))
        assert found["direct_response"]["status"] == 500


@pytest.mark.parametrize(
    ("bad", "status", "expected"),
    [
        (backend("ghost"), 503, None),
        (backend("ghost"), 404, "NOT_FOUND"),
        (backend("ghost"), 500, "INTERNAL_SERVER_ERROR"),
        (backend("web", problem="no grant"), 503, None),
        (backend("web", problem="no grant"), 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_the_share_of_a_refused_backend_has_a_status(bad: Backend, status: int, expected: str | None) -> None:
    action = Forward(backends=(backend("web", weight=9), bad), status_without_backends=status)
    assert compiled(action)["route"].get("cluster_not_found_response_code") == expected
    assert [each["weight"] for each in shares(action)] == [9, 1]


def test_a_backend_with_a_problem_is_a_cluster_that_never_exists() -> None:
    bad = backend("web", port=80, problem="no grant")
    assert known(WEB).cluster(bad) == "outbound|0||web.default"
    assert known(WEB).resolved(backend("web")).port == 80
    assert known(WEB).resolved(backend("ghost", port=7)).port == 7
    assert known(WEB).resolved(backend("ghost")).port == 0


CHANGED = HeaderChanges(set=(("x-a", "backend"), ("Host", "own")), remove=("x-gone",))


def test_changes_of_a_backend_are_for_its_share() -> None:
    action = Forward(backends=(backend("web", request_headers=CHANGED, response_headers=CHANGED), backend("shop")))
    web, shop = shares(action, request_headers=HeaderChanges(set=(("x-a", "rule"),)))
    assert web["request_headers_to_add"][0]["header"] == {"key": "x-a", "value": "backend"}
    assert web["response_headers_to_remove"] == ["x-gone"]
    assert web["host_rewrite_literal"] == "own"
    assert list(shop) == ["name", "weight"]


def test_changes_of_the_only_backend_are_those_of_the_route() -> None:
    action = Forward(backends=(backend("web", request_headers=CHANGED, host_rewrite="better"),))
    found = compiled(action, request_headers=HeaderChanges(set=(("X-A", "rule"),)))
    assert found["route"]["host_rewrite_literal"] == "better"
    assert [each["header"]["value"] for each in found["request_headers_to_add"]] == ["rule"]
    assert found["request_headers_to_remove"] == ["x-gone"]


def test_the_host_of_a_backend_wins_over_that_of_the_route() -> None:
    action = Forward(backends=(backend("web", host_rewrite="own"), backend("shop")), rewrite=Rewrite(host="common"))
    assert [each["host_rewrite_literal"] for each in shares(action)] == ["own", "common"]
    assert "host_rewrite_literal" not in compiled(action)["route"]
    common = replace(action, backends=(backend("web"), backend("shop")))
    assert compiled(common)["route"]["host_rewrite_literal"] == "common"


def test_the_share_of_a_missing_backend_fails_alone() -> None:
    found = compiled(Forward(backends=(backend("ghost", port=1), backend("web"))))
    names = [each["name"] for each in found["route"]["weighted_clusters"]["clusters"]]
    assert names == ["outbound|1||ghost.default", "outbound|80||web.default"]


def test_rules_of_a_service_stay_on_the_port_that_was_called() -> None:
    to = known(WEB, SHOP, called=(WEB.name, 81))
    action = Forward(backends=(backend("web", subset="v1"), backend("shop")))
    names = [each["name"] for each in compiled(action, to)["route"]["weighted_clusters"]["clusters"]]
    assert names == ["outbound|81|v1|web.default", "outbound|90||shop.default"]


def test_mirrors_that_cannot_be_reached_are_left_out() -> None:
    mirrors = (
        Mirror(backend=backend("web"), percent=5),
        Mirror(backend=backend("ghost")),
        Mirror(backend=backend("web"), percent=0),
    )
    found = compiled(Forward(backends=(backend("shop"),), mirrors=mirrors))["route"]["request_mirror_policies"]
    assert [each["cluster"] for each in found] == ["outbound|80||web.default"]
    assert found[0]["runtime_fraction"]["default_value"] == {"numerator": 50000, "denominator": "MILLION"}


def test_retries_and_rewrites_are_applied() -> None:
    action = Forward(backends=(backend("web"),), rewrite=Rewrite(host="h"))
    found = as_json(actions.route(rule("r", action), Match(), Retry(attempts=7), known(WEB)))
    assert found["route"]["retry_policy"]["num_retries"] == 7
    assert found["route"]["host_rewrite_literal"] == "h"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (HashOn(header="x"), {"header": {"header_name": "x"}}),
        (HashOn(cookie="c"), {"cookie": {"name": "c"}}),
        (HashOn(query="q"), {"query_parameter": {"name": "q"}}),
    ],
)
def test_requests_are_hashed_as_the_first_policy_says(on: HashOn, expected: Json) -> None:
    hashed = service("web", http(), policy=hashing(on))
    found = compiled(Forward(backends=(backend("ghost"), backend("web"))), known(hashed))
    assert found["route"]["hash_policy"] == [expected]


def test_a_route_may_say_itself_by_what_requests_are_hashed() -> None:
    action = Forward(backends=(backend("web", subset="v2"),), hash_on=(HashOn(header="a"), HashOn(source_ip=True)))
    assert compiled(action)["route"]["hash_policy"] == [
        {"header": {"header_name": "a"}},
        {"connection_properties": {"source_ip": True}},
    ]


def test_a_version_with_a_policy_of_its_own_hashes_by_that() -> None:
    found = compiled(Forward(backends=(backend("web", subset="v2"),)))["route"]
    assert found["hash_policy"] == [{"header": {"header_name": "x-user"}}]
    assert "hash_policy" not in compiled(Forward(backends=(backend("web", subset="v1"),)))["route"]


def test_headers_are_changed_without_touching_what_envoy_refuses() -> None:
    changes = HeaderChanges(
        set=(("x-a", "50%%"), ("Host", "other"), (":path", "/x")), add=(("x-b", "1"),), remove=("x-c", "host")
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
    assert compiled(Respond(status=200, body=b"\xff"))["direct_response"]["body"] == {"inline_bytes": "/w=="}
    assert compiled(Respond(status=200, body=b""))["direct_response"] == {"status": 200}


def test_an_answer_has_a_size_that_envoy_takes() -> None:
    assert compiled(Respond(status=200, body="x" * actions.LARGEST_BODY))["direct_response"]["status"] == 200
    assert compiled(Respond(status=200, body="ü" * actions.LARGEST_BODY))["direct_response"]["status"] == 500


def test_redirects_know_where_requests_come_in() -> None:
    assert known(called=(WEB.name, 80)).entry == Entry(80, is_encrypted=False)
    assert known(listener=Entry(8443, is_encrypted=True)).entry == Entry(8443, is_encrypted=True)
    assert known().entry == Entry()


def test_what_was_delegated_is_gone_before() -> None:
    delegated = rule("r", Delegate(to=WEB.name, origin=WEB.origin))
    with pytest.raises(AssertionError):
        actions.route(delegated, Match(), None, known())


def test_names_keep_their_namespace() -> None:
    far = Backend(service=Name("far", "x"), port=5, origin=WEB.origin)
    assert known().cluster(far) == "outbound|5||x.far"


def test_shares_can_be_chosen_by_the_client() -> None:
    action = Forward(backends=(backend("web"), backend("shop")), hash_on=(HashOn(source_ip=True),), is_by_client=True)
    found = compiled(action)["route"]
    assert found["weighted_clusters"]["use_hash_policy"] is True
    assert found["hash_policy"] == [{"connection_properties": {"source_ip": True}}]


def test_servers_see_their_own_host() -> None:
    assert compiled(Forward(backends=(backend("web", shows_own_host=True),)))["route"]["auto_host_rewrite"] is True
    told = compiled(Forward(backends=(backend("web", shows_own_host=True, host_rewrite="a.test"),)))["route"]
    assert told["host_rewrite_literal"] == "a.test"
    assert "auto_host_rewrite" not in told


def test_who_stands_in_is_in_the_same_cluster() -> None:
    spare = (backend("shop"), backend("web"))
    to = known(WEB, SHOP)
    assert to.cluster(backend("web", fallbacks=spare)) == "instead|outbound|80||web.default+outbound|90||shop.default"
    over = backend("web", fallbacks=spare, is_failover=True)
    assert compiled(Forward(backends=(over,)))["route"]["cluster"].startswith("failover|outbound|80||web.default+")


def test_copies_with_the_host_of_the_request() -> None:
    action = Forward(backends=(backend("web"),), mirrors=(Mirror(backend=backend("shop"), keeps_host=True),))
    (mirror,) = compiled(action)["route"]["request_mirror_policies"]
    assert mirror["disable_shadow_host_suffix_append"] is True


def test_answers_at_entry_points_have_no_type_of_themselves() -> None:
    routed = known(listener=Entry(is_routed=True))
    (header,) = compiled(Respond(status=200, body="OK"), routed)["response_headers_to_add"]
    assert header["header"]["key"] == "x-tulle-untyped"
    typed = compiled(Respond(status=200, headers=(("Content-Type", "text/css"),)), routed)
    assert [each["header"]["key"] for each in typed["response_headers_to_add"]] == ["Content-Type"]
