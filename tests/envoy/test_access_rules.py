from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE, http
from tests.envoy.policies import allow, deny, guard, operation, policy, rule, source, when
from tulle.envoy import access_rules
from tulle.envoy.attributes import View
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.security import AccessPolicy, Rule
from tulle.model.services import Port

PORT = http(80)
HTTP = access_rules.view(Settings(), PORT, is_http=True)
BYTES = access_rules.view(Settings(), PORT, is_http=False)
ANYBODY, ANYTHING = {"any": True}, {"any": True}
GET = {"header": {"name": ":method", "string_match": {"exact": "GET"}}}


def policies(*rules: Rule, is_http: bool = True) -> dict[str, Any]:
    found = as_json(access_rules.service_rules(guard(allow=rules), PORT, "td", is_http=is_http))
    return dict(found.get("policies", {}))


def decided(*given: AccessPolicy, seen: View = HTTP) -> list[tuple[str, Any, Any]]:
    return [
        (each.action.value, each.rules and as_json(each.rules), each.shadow and as_json(each.shadow))
        for each in access_rules.decisions(given, seen)
    ]


def compiled(of: AccessPolicy, seen: View = HTTP) -> Any:
    """The one rule of a policy."""
    ((_, rules, _),) = decided(of, seen=seen)
    (found,) = rules.get("policies", {None: None}).values()
    return found


def test_callers_are_known_by_their_whole_name_and_namespaces_by_their_start() -> None:
    found = policies(Rule(origin=HERE, callers=(Name("ns", "a"),), namespaces=("far",)))
    assert found["0"] == {
        "permissions": [{"any": True}],
        "principals": [
            {"authenticated": {"principal_name": {"exact": "spiffe://td/ns/ns/sa/a"}}},
            {"authenticated": {"principal_name": {"prefix": "spiffe://td/ns/far/"}}},
        ],
    }


def test_every_condition_must_hold() -> None:
    found = policies(Rule(origin=HERE, methods=("get",), paths=("/a*", "/b")))
    (permission,) = found["0"]["permissions"]
    method, path = permission["and_rules"]["rules"]
    assert method["or_rules"]["rules"] == [GET]
    assert path["or_rules"]["rules"] == [
        {"url_path": {"path": {"prefix": "/a"}}},
        {"url_path": {"path": {"exact": "/b"}}},
    ]
    assert found["0"]["principals"] == [{"any": True}]


def test_one_condition_is_enough() -> None:
    assert list(policies(Rule(origin=HERE, paths=("/a",)))) == ["0"]
    assert list(policies(Rule(origin=HERE, methods=("GET",)))) == ["0"]


def test_rules_for_other_ports_do_not_count() -> None:
    assert list(policies(Rule(origin=HERE, ports=(81,)), Rule(origin=HERE, ports=(80,)))) == ["1"]


def test_without_rules_nobody_may() -> None:
    assert policies() == {}
    assert access_rules.service_rules(guard(), PORT, "td").policies == {}


def test_rules_about_requests_need_requests() -> None:
    assert policies(Rule(origin=HERE, methods=("GET",)), is_http=False) == {}


def test_a_port_is_known_by_each_of_its_numbers() -> None:
    moved = Port(name="http", number=80, target=8080)
    assert access_rules.view(Settings(), moved, is_http=True).ports == {80, 8080}
    assert access_rules.view(Settings(), replace(moved, target="web"), is_http=True).ports == {80}
    domains = access_rules.view(Settings(trust_domain="a", trust_domain_aliases=("b",)), moved, is_http=True)
    assert domains.trust_domains == ("a", "b")


def test_actions_have_an_order_and_trials_are_apart() -> None:
    dry = deny(is_dry_run=True)
    found = decided(allow(), dry, policy("look", "audit"), policy("ask", "custom"))
    assert [(action, bool(rules), bool(shadow)) for action, rules, shadow in found] == [
        ("audit", True, False),
        ("deny", False, True),
        ("allow", True, False),
    ]
    assert [rules["action"] for _, rules, _ in found if rules and "action" in rules] == ["LOG"]
    assert list(found[0][1]["policies"]) == ["look.default/1"]


def test_no_rule_matches_nothing_and_an_empty_one_everything() -> None:
    ((_, rules, _),) = decided(replace(allow(), rules=()))
    assert "policies" not in rules
    assert compiled(allow()) == {"permissions": [ANYTHING], "principals": [ANYBODY]}


def test_values_are_alternatives_and_fields_add_up() -> None:
    found = compiled(allow(operation(methods=("GET", "PUT"), paths=("/a",), not_ports=("81",))))
    ((either, path, port),) = [each["and_rules"]["rules"] for each in found["permissions"]]
    assert [each["header"]["string_match"]["exact"] for each in either["or_rules"]["rules"]] == ["GET", "PUT"]
    assert path == {"url_path": {"path": {"exact": "/a"}}}
    assert port == {"not_rule": {"not_rule": {"any": True}}}


def test_sources_are_alternatives_and_conditions_hold_for_each() -> None:
    first = source(ip_blocks=("10.0.0.1",), not_remote_ip_blocks=("10.0.0.2", "10.0.0.3"))
    second = source(namespaces=("a",))
    found = compiled(allow(first, second, when("request.headers[x]", "y"), when("destination.port", "80")))
    assert found["permissions"] == [{"any": True}]
    both = [each["and_ids"]["ids"] for each in found["principals"]]
    assert [len(each) for each in both] == [3, 2]
    assert both[0][1]["not_id"]["or_ids"]["ids"][0]["remote_ip"]["address_prefix"] == "10.0.0.2"
    assert [each[-1]["header"]["name"] for each in both] == ["x", "x"]


def test_accounts_are_those_of_the_namespace_of_the_policy() -> None:
    found = compiled(policy("p", "allow", rule(source(service_accounts=("a",))), namespace="far"))
    assert "/ns/far/sa/a" in str(found)


def test_where_requests_are_not_seen_less_is_allowed_and_more_is_denied() -> None:
    mixed = (source(namespaces=("a",)), operation(methods=("GET",), ports=("80",)), operation(not_paths=("/x",)))
    assert compiled(allow(*mixed), BYTES) is None
    found = compiled(deny(*mixed), BYTES)
    assert found["permissions"] == [ANYTHING, ANYTHING]
    assert "/ns/a/" in str(found["principals"])
    assert compiled(allow(source(request_principals=("*",))), BYTES) is None
    assert compiled(policy("look", "audit", rule(source(request_principals=("*",)))), BYTES)["principals"] == [ANYBODY]


def test_what_somebody_else_decides_is_only_matched() -> None:
    asked = policy("ask", "custom", rule(operation(methods=("GET",))), rule(operation(methods=("PUT",))))
    found = as_json(access_rules.matching([asked], HTTP, "mark|"))
    assert found["action"] == "DENY"
    assert sorted(found["policies"]) == ["mark|ask.default/1", "mark|ask.default/2"]


@pytest.mark.parametrize(
    ("path", "is_ambiguous"),
    [
        *(
            (path, True)
            for path in ("/a/../b", "/..", "/./a", "/a/.?x", "/a%2fb", "/a%2F", "/%2e%2E/b", "/a%5cb", r"/a\b")
        ),
        *((path, False) for path in ("/", "/.known", "/a..b", "/a.", "/...", "/a?b=/../c", "/a?b=%2f", "/%20", "*")),
    ],
)
def test_ambiguous_paths(path: str, is_ambiguous: bool) -> None:
    (policy,) = as_json(access_rules.ambiguous_paths())["policies"].values()
    pattern = policy["permissions"][0]["header"]["string_match"]["safe_regex"]["regex"]
    assert bool(re.fullmatch(pattern, path)) is is_ambiguous
