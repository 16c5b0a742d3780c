from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.traefik.middleware_specs import MiddlewareSpec
from tulle.dialects.traefik.routers import RouterSpec
from tulle.dialects.traefik.services import ServiceSpec
from tulle.dialects.traefik.spelling import spelt
from tulle.kit.flat_keys import nested
from tulle.kit.located import LocatedList, LocatedMap
from tulle.kit.located_yaml import parse


def test_keys_get_their_usual_case_and_keep_their_lines() -> None:
    value = spelt(parse("RULE: x\nentrypoints: [a, b]\nOther: 1\ntls:\n  domains:\n  - MAIN: a\n"), RouterSpec)
    assert value == {"rule": "x", "entryPoints": ["a", "b"], "Other": 1, "tls": {"domains": [{"main": "a"}]}}
    assert isinstance(value, LocatedMap)
    assert (value.line_of("entryPoints"), value["tls"].line_of("domains"), value["tls"]["domains"].lines) == (1, 4, [5])


def test_a_key_in_two_cases_is_written_twice() -> None:
    value = spelt(parse("rule: x\nRule: y\n"), RouterSpec)
    assert isinstance(value, LocatedMap)
    assert (value["rule"], value.repeated) == ("x", (("rule", 1),))


def test_names_of_users_stay() -> None:
    value = spelt(
        {"HEADERS": {"customRequestHEADERS": {"X-Frame": "1", "2": "b"}}, "plugin": {"My": {"0": 1}}}, MiddlewareSpec
    )
    assert value == {"headers": {"customRequestHeaders": {"X-Frame": "1", "2": "b"}}, "plugin": {"My": {"0": 1}}}


def test_plain_values_have_no_lines() -> None:
    value: Any = spelt({"loadBalancer": {"servers": [{"URL": "a"}]}}, ServiceSpec)
    assert (value.line, value["loadBalancer"]["servers"].lines) == (0, [0])
    assert value["loadBalancer"]["servers"] == [{"url": "a"}]
    assert spelt("x", RouterSpec) == "x"


@pytest.mark.parametrize(
    ("flat", "schema", "value"),
    [
        ({"entrypoints/0": "web", "entrypoints/1": "tls"}, RouterSpec, {"entryPoints": "web,tls"}),
        ({f"middlewares/{index}": f"m{index}" for index in (0, 1, 2, 10)}, RouterSpec, {"middlewares": "m0,m1,m10,m2"}),
        ({"middlewares": "a,b"}, RouterSpec, {"middlewares": "a,b"}),
        ({"middlewares/x": "a", "middlewares/0": "b"}, RouterSpec, {"middlewares": {"0": "b", "x": "a"}}),
        (
            {"loadbalancer/servers/0/url": "a", "loadbalancer/servers/3/Weight": "2"},
            ServiceSpec,
            {"loadBalancer": {"servers": [{"url": "a"}, {"weight": "2"}]}},
        ),
        (
            {"loadBalancer/healthCheck/headers/0": "a"},
            ServiceSpec,
            {"loadBalancer": {"healthCheck": {"headers": {"0": "a"}}}},
        ),
        (
            {"tls/domains/0/sans/0": "a", "tls/domains/0/sans/1": "b"},
            RouterSpec,
            {"tls": {"domains": [{"sans": "a,b"}]}},
        ),
    ],
)
def test_flat_keys_become_lists(flat: dict[str, str], schema: object, value: object) -> None:
    content, _ = nested(((tuple(key.split("/")), text) for key, text in flat.items()), line=4)
    assert spelt(content, schema) == value


@pytest.mark.parametrize(("text", "is_there"), [("", True), ("true", True), ("TRUE", True), ("false", False)])
def test_an_empty_section_is_there_or_not(text: str, is_there: bool) -> None:
    content, _ = nested([(("tls",), text)])
    assert (RouterSpec.model_validate(spelt(content, RouterSpec)).tls is not None) is is_there


def test_a_list_from_flat_keys_has_lines() -> None:
    value: Any = spelt(nested([(("loadBalancer", "servers", "0", "url"), "a")], line=4)[0], ServiceSpec)
    assert isinstance(value["loadBalancer"]["servers"], LocatedList)
    assert value["loadBalancer"]["servers"].lines == [4]
    plain: Any = spelt({"loadBalancer": {"servers": {"0": {"url": "a"}}}}, ServiceSpec)
    assert plain["loadBalancer"]["servers"].lines == [0]


def test_what_may_be_a_list_or_text() -> None:
    assert spelt({"0": "a", "1": "b"}, list[str] | str | None) == "a,b"


def test_an_empty_mapping_stays_one() -> None:
    assert spelt({"entryPoints": {}}, RouterSpec) == {"entryPoints": {}}
