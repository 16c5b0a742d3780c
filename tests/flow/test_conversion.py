from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.traefik.cases import topics
from tests.flow import edge_cases
from tests.flow.behaviour import behaviour, demands
from tests.flow.random_documents import HTTP_ROUTE, SERVICES, VIRTUAL_SERVICE
from tulle.flow.build import Builder
from tulle.flow.conversion import Converted, converted, kept_parts, read
from tulle.model.documents import Document
from tulle.model.mesh import Mesh
from tulle.sources.file import Files

GOLDEN = Path(__file__).parents[1] / "golden"
EXAMPLES = Path(__file__).parents[2] / "examples"
CASES = [*sorted(GOLDEN.glob("*/*/in.yaml")), *sorted(EXAMPLES.glob("*/tulle.yaml")), EXAMPLES / "bookinfo"]
SAYABLE = [path for path in CASES if "traefik" not in path.parts]
"""The native language has no words for routers of Traefik yet."""
CALLERS = """
workloads:
  someone: {command: call, port: 9999, labels: {app: web, version: v1}}
---
namespace: shop
workloads:
  someone: {command: call, port: 9999, labels: {app: web}, account: web}
"""
FOLDER = "/folder"
UNSAYABLE = {"has rules that other documents have too, in an order that depends on who calls"}


def converting(path: Path) -> tuple[tuple[Document, ...], Converted]:
    batch = Files([str(path)]).scan()
    return batch.documents, converted(batch.documents, batch.findings, FOLDER)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.strip().startswith("#")]


@pytest.mark.parametrize("path", CASES, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_what_is_converted_behaves_the_same_or_says_what_is_lost(path: Path) -> None:
    check(*converting(path))


def check(documents: tuple[Document, ...], made: Converted) -> None:
    callers = (*read(CALLERS), *chain.from_iterable(each.documents for each in made.absent))
    before = Builder().build((*documents, *callers))
    kept = kept_parts(documents)
    after = Builder().build((*read(made.text, FOLDER), *kept, *callers))
    if made.lost or not made.is_complete:
        return
    demand = sorted({*demands(before), *demands(after)})
    mine, its = behaviour(before, demand, made.renames), behaviour(after, demand, {})
    assert {key: sorted(value) for key, value in mine.items()} == {key: sorted(value) for key, value in its.items()}
    for proxy, resources in mine.items():
        for name, resource in resources.items():
            assert resource == its[proxy][name], f"{proxy}: {name}"


@pytest.mark.parametrize("path", SAYABLE, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_converting_again_changes_nothing(path: Path) -> None:
    documents, made = converting(path)
    kept = kept_parts(documents)
    again = converted((*read(made.text, FOLDER), *kept), (), FOLDER)
    if made.is_complete and not made.lost:
        assert lines(again.text) == lines(made.text)
        assert not again.lost
    third = converted((*read(again.text, FOLDER), *kept), (), FOLDER)
    assert third.text == again.text


@pytest.mark.parametrize("topic", topics())
def test_what_is_compared_with_the_real_traefik_can_be_converted(topic: str) -> None:
    """Some of it: it takes its time."""
    for document in [each for other, each in edge_cases.documents() if other == topic][::6]:
        made = converted((document,), (), f"{FOLDER}/below")
        assert not made.lost, document.key
        before, after = Builder().build((document,)), Builder().build(read(made.text, f"{FOLDER}/below"))
        assert wrong(before) == wrong(after), document.key
        assert behaviour(before, [], made.renames) == behaviour(after, [], {}), document.key


def wrong(mesh: Mesh) -> set[str]:
    """Without what is there twice: it is written once."""
    return {each.message for each in mesh.findings if " is given twice " not in each.message}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(VIRTUAL_SERVICE, HTTP_ROUTE), min_size=1, max_size=3))
def test_random_routes_behave_the_same(written: list[dict[str, Any]]) -> None:
    named = [{**each, "metadata": {"name": f"r{index}", "namespace": "shop"}} for index, each in enumerate(written)]
    documents = read("---\n".join((SERVICES, *(json.dumps(each) + "\n" for each in named))), FOLDER)
    made = converted(documents, (), FOLDER)
    # Lost is only what is known not to be sayable; whatever can be said is written.
    assert all(each.message in UNSAYABLE for each in made.lost)
    check(documents, made)
    again = converted(read(made.text, FOLDER), (), FOLDER)
    if made.is_complete and not made.lost:
        assert lines(again.text) == lines(made.text)


def test_what_stays_a_document_of_its_own_may_be_of_no_known_kind() -> None:
    unknown = "apiVersion: example.org/v1\nkind: Secret\nmetadata: {name: other, namespace: shop}\n"
    made = converted(read("services: {web: {port: 8000, command: web}}\n---\n" + unknown, FOLDER), (), FOLDER)
    assert made.text == "services:\n  web: {port: 8000, command: web}\n"
    assert not made.lost
    assert made.findings and not any(each.is_error for each in made.findings)


REFERRING = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v3}}]}]}
"""


def test_what_refers_to_a_version_that_is_missing_is_written_as_it_is() -> None:
    made = converted(read(f"{SERVICES}---\n{REFERRING}", FOLDER), (), FOLDER)
    assert "versions: {v1: {}, v2: {select: {track: new}}}\n    routes: {versions: v3}\n" in made.text
    assert not made.lost
    assert [each.message for each in made.findings if each.is_error] == [
        'VirtualService web: service "web" has no subset "v3", so what comes here is answered 503;'
        " it has v1, v2 by DestinationRule web (converted.yaml:12)"
    ]
    again = converted(read(made.text, FOLDER), (), FOLDER)
    assert (lines(again.text), again.lost) == (lines(made.text), ())


def test_what_is_said_of_services_that_nobody_declares_is_a_comment() -> None:
    made = converted(read(REFERRING), (), FOLDER)
    assert (lines(made.text), made.is_complete) == (["{}"], False)
    assert "# namespace: shop\n# services:\n#   # VirtualService web (converted.yaml:2)\n" in made.text
    assert "#   web: {routes: {versions: v3}}\n" in made.text
    (told,) = [each.message for each in made.findings if not each.is_error]
    assert told.startswith("VirtualService web: none of these files declares the service that it is about; ")


SHARING = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: %s, namespace: shop}
spec: {selector: {}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [%s]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: %s, namespace: shop}
spec: {hosts: [%s], gateways: [%s], http: [{directResponse: {status: %d}}]}
---
"""


def test_gateways_that_share_a_port_share_its_listener() -> None:
    one = SHARING % ("one", "a.test, b.test", "one", "a.test", "one", 201)
    two = SHARING % ("two", "b.test, c.test", "two", "'*.test'", "two", 202)
    three = SHARING % ("three", "c.test", "three", "c.test", "three", 203)
    documents = read(one + two + three)
    made = converted(documents, (), FOLDER)
    check(documents, made)
    assert not made.lost
    assert (
        made.text
        == """namespace: shop
gateway:
  listeners:
    # Gateway one (converted.yaml:5)
    one-http: {port: 8080, hosts: [a.test, b.test]}
    # Gateway two (converted.yaml:16)
    # Gateway three (converted.yaml:27)
    two-http: {port: 8080, hosts: c.test}
routes:
  # VirtualService one (converted.yaml:10)
  - {host: a.test, respond: 201}
  # VirtualService two (converted.yaml:21)
  - {host: b.test, respond: 202}
  # VirtualService three (converted.yaml:32)
  - {host: c.test, respond: 203}
"""
    )
