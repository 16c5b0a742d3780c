from __future__ import annotations

from tulle.flow.conversion import read
from tulle.flow.edge_conversion import apart, lost
from tulle.model.documents import Document

NATIVE = "services: {web: {port: 8000, command: web}}\nedge: {entryPoints: {web: {address: ':1'}}}\n"
TRAEFIK = """http:
  services:
    one: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}
    two: {loadBalancer: {servers: [{url: none}]}}
tls:
  certificates: [{certFile: a.crt, keyFile: a.key}]
"""


def documents(text: str) -> tuple[Document, ...]:
    return read(text, "/folder")


def test_parts_of_the_edge_are_told_from_others() -> None:
    found = apart(documents(NATIVE))
    assert [part.key.kind for part in found.edge] == ["traefik/entry-point"]
    assert [part.key.kind for part in found.others] == ["native/service"]


def test_of_two_of_a_name_the_first_counts() -> None:
    found = apart(documents(f"{NATIVE}---\nentryPoints: {{web: {{address: ':2'}}}}\n"))
    (part,) = found.edge
    assert part.data == {"entryPoints": {"web": {"address": ":1"}}}


def test_comments_say_where_parts_of_other_files_were_and_what_is_wrong() -> None:
    assert list(apart(documents(NATIVE)).notes().values()) == [()]
    certificate, one, two = apart(documents(TRAEFIK)).notes().values()
    assert [each.partition(" ")[0] for each in certificate] == ["certificate"]
    assert one == ("service one (converted.yaml:3)",)
    assert two[0] == "service two (converted.yaml:4)"
    assert two[1].startswith('Not used: service two: "loadBalancer.servers[0].url" must be a URL')


def test_what_is_said_otherwise_is_lost() -> None:
    before = apart(documents(TRAEFIK)).edge
    moved = apart(documents(TRAEFIK.replace("a.crt", "/folder/below/../a.crt"))).edge
    assert not list(lost(before, before)) and not list(lost(before, moved))
    other = apart(documents(TRAEFIK.replace("10.0.0.1", "10.0.0.2").replace("a.key", "b.key"))).edge
    assert [each.key[0] for each in lost(before, other)] == ["traefik/certificate", "traefik/http-service"]
    assert [each.message for each in lost(before, ())] == ["is not said as it was"] * 2
