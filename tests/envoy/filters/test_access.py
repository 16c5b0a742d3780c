from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE, http, service
from tulle.envoy.filters import access
from tulle.envoy.filters.base import Chain, Side
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.security import Rule

PORT = http(80)


def policies(*rules: Rule, is_http: bool = True) -> dict[str, object]:
    found = as_json(access.rules(service("web", PORT, allow=rules), PORT, "td", is_http=is_http))
    return dict(found.get("policies", {}))


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
    (permission,) = found["0"]["permissions"]  # type: ignore[index]
    method, path = permission["and_rules"]["rules"]
    assert method["or_rules"]["rules"] == [{"header": {"name": ":method", "string_match": {"exact": "GET"}}}]
    assert path["or_rules"]["rules"] == [
        {"url_path": {"path": {"prefix": "/a"}}},
        {"url_path": {"path": {"exact": "/b"}}},
    ]
    assert found["0"]["principals"] == [{"any": True}]  # type: ignore[index]


def test_one_condition_is_enough() -> None:
    assert list(policies(Rule(origin=HERE, paths=("/a",)))) == ["0"]
    assert list(policies(Rule(origin=HERE, methods=("GET",)))) == ["0"]


def test_rules_for_other_ports_do_not_count() -> None:
    assert list(policies(Rule(origin=HERE, ports=(81,)), Rule(origin=HERE, ports=(80,)))) == ["1"]


def test_without_rules_nobody_may() -> None:
    assert policies() == {}


def test_rules_about_requests_need_requests() -> None:
    assert policies(Rule(origin=HERE, methods=("GET",)), is_http=False) == {}


@pytest.mark.parametrize(("allow", "stands"), [(None, False), ((), True)])
def test_it_stands_where_callers_are_restricted(allow: tuple[Rule, ...] | None, stands: bool) -> None:
    chain = Chain(side=Side.INBOUND, settings=Settings(), service=service("web", PORT, allow=allow), port=PORT)
    assert (access.place(chain) is not None) is stands
