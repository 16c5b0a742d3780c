from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dialects.traefik.reading import document, read
from tulle.dialects import registry
from tulle.dialects.traefik.dialect import DIALECT
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name
from tulle.model.routers import Pool, Router

CASES = sorted((Path(__file__).parents[2] / "golden" / "traefik").iterdir())
TEXT = """
HTTP:
  Routers:
    a: {Rule: "Path(`/a`)", service: s}
    b: {rule: "Path(`/b`)", service: s}
  services:
    s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, golden: Callable[[Path], None]) -> None:
    golden(case)


def test_sections_are_cut_into_parts_whatever_their_case() -> None:
    objects, findings = read(TEXT)
    assert findings == []
    assert [(type(each), each.name) for each in objects] == [
        (Router, Name("@file", "a")),
        (Router, Name("@file", "b")),
        (Pool, Name("@file", "s")),
    ]


def test_what_did_not_change_is_the_same_part() -> None:
    before, _ = DIALECT.split(document(TEXT), {})
    moved, _ = DIALECT.split(document("# a line\n" + TEXT.replace("/b", "/c")), {part.key: part for part in before})
    assert [one is other for one, other in zip(before, moved, strict=True)] == [True, False, True]
    assert moved[0].origin.line == 5


@pytest.mark.parametrize(
    ("source", "namespace"), [("file", "@file"), ("store", "@file"), ("docker", "@docker"), ("internal", "@internal")]
)
def test_the_provider_is_the_namespace(source: str, namespace: str) -> None:
    objects, _ = read(TEXT, source)
    assert {each.name.namespace for each in objects} == {namespace}


def test_static_configuration_is_for_all_providers() -> None:
    (found,), _ = read("entryPoints: {web: {address: ':80'}}")
    assert found.name == Name("@static", "web")


@pytest.mark.parametrize(
    ("data", "is_claimed"),
    [
        ({"http": {}}, True),
        ({"ENTRYPOINTS": {}}, True),
        ({"services": {}}, False),
        ({"http": {}, "kind": "x"}, False),
        ({}, False),
    ],
)
def test_documents_of_traefik_are_known_by_their_sections(data: dict[str, object], is_claimed: bool) -> None:
    assert DIALECT.claims(data) is is_claimed


def test_everything_else_stays_native() -> None:
    assert list(registry.dialects())[-1] == "native"


def test_mistakes_around_the_parts() -> None:
    assert read("""
http:
  rooters: {}
  routers: {a@b: {}, "": {}}
  services: {s: {weighted: {}}, s: {}}
tls: [1]
colour: red
zzz: 1
tcp: {routers: []}
udp:
""")[1][:8] == [
        '7: unknown field "colour"; did you mean "core"?',
        '8: unknown field "zzz"; known are accessLog, api, certificatesResolvers, core, entryPoints, experimental, '
        "global, hostResolver, http, log, metrics, ocsp, ping, providers, serversTransport, spiffe, "
        "tcp, tcpServersTransport, tls, tracing, udp",
        '3: unknown field "rooters" in http; did you mean "routers"?',
        '5: "s" is written twice (first in line 5); the first one counts',
        '6: "tls" must be a mapping, not a list',
        '4: router "a@b": a name has no "@": what follows it is a provider',
        '4: router "": a name is missing',
        '9: "tcp.routers" must be a mapping of names, not a list',
    ]


def test_keys_that_differ_in_case_only_are_one() -> None:
    assert read("http: {}\nHTTP: {}\n")[1] == ['2: "http" is written twice (first in line 1); the first one counts']


def test_a_part_of_an_unknown_kind() -> None:
    part = Document(Origin("store"), Key("traefik/http-rooter", Name("@file", "a")), LocatedMap(0))
    (finding,) = DIALECT.read(part).findings
    assert finding.message == 'nothing here reads kind "traefik/http-rooter"; did you mean "traefik/http-router"?'
