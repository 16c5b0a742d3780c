from __future__ import annotations

from tulle.dialects import registry
from tulle.flow.absent import SOURCE, absent
from tulle.flow.build import Builder
from tulle.flow.conversion import read
from tulle.model.names import Name

TEXT = """
services:
  web: {port: 80, command: x}
routes:
  - {to: web, mirror: gone:8080}
  - {host: a, weights: {gone/v2: 1, gone:9000: 2}}
gateway:
  listeners:
    db: {port: 5432, protocol: tcp, to: db.shop:5432}
    dns: {port: 53, protocol: udp, to: dns:53}
    sni: {port: 8443, protocol: tls, tls: {passthrough: true}, streams: {to: site:443}}
"""


def test_services_that_are_missing_have_stand_ins() -> None:
    documents = read(TEXT)
    fragments = [registry.read(part) for each in documents for part in registry.split(each)[0]]
    mesh = Builder().build(documents)
    found = absent(fragments, mesh)
    assert [str(each.name) for each in found] == ["dns.default", "gone.default", "site.default", "db.shop"]
    assert found[1].origin.line == 5
    declared = tuple(document for each in found for document in each.documents)
    complete = Builder().build((*documents, *declared))
    assert complete.findings == ()
    gone = complete.services[Name("default", "gone")]
    assert {port.number: str(port.protocol) for port in gone.ports} == {80: "http", 8080: "http", 9000: "http"}
    assert [subset.name for each in gone.destinations for subset in each.subsets] == ["v2"]
    assert gone.origin.source == SOURCE


def test_nothing_is_missing_where_all_is_there() -> None:
    documents = read("services: {web: {port: 80, command: x}}\n")
    assert absent([registry.read(part) for part in registry.split(documents[0])[0]], Builder().build(documents)) == ()
