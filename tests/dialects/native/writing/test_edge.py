from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tulle.dialects import registry
from tulle.dialects.native.writing.content import Key
from tulle.dialects.native.writing.edge import is_edge, section
from tulle.kit.located_yaml import parse
from tulle.kit.yaml_writing import rendered
from tulle.model.documents import Document

Write = Callable[..., Document]
NOTHING_NOTED: Mapping[Key, tuple[str, ...]] = {}


def written(write: Write, text: str, folder: str = "/folder", notes: Any = NOTHING_NOTED) -> str:
    return rendered(section(registry.split(write(text))[0], folder, notes), block=2)


def test_sections_stand_in_the_order_in_which_people_read_them(write: Write) -> None:
    text = """
tls: {options: {default: {sniStrict: true}}}
http:
  services: {one: {loadBalancer: {}}}
  routers: {one: {rule: Path(`/`), service: one}}
entrypoints: {web: {Address: ":80"}}
ping: {}
"""
    assert (
        written(write, text)
        == """\
ping: {}
entryPoints:
  web: {address: ":80"}
http:
  routers:
    one: {rule: Path(`/`), service: one}
  services:
    one: {loadBalancer: {}}
tls:
  options:
    default: {sniStrict: true}
"""
    )


def test_paths_start_at_the_folder_of_the_file(write: Write) -> None:
    text = """
tls:
  certificates: [{certFile: a.crt, keyFile: /elsewhere/a.key}, {certFile: "-----BEGIN A", keyFile: b.key}]
  options: {default: {clientAuth: {caFiles: [ca.crt, more/ca.crt]}}}
http:
  middlewares:
    users: {basicAuth: {usersFile: "", users: ["ann:x"]}}
    asked: {forwardAuth: {address: "http://a", tls: {ca: ca.crt}}}
    rewritten: {errors: {statusRewrites: {"500": 404}}}
    own: {plugin: {any: [{key: thing}]}}
  serversTransports: {one: {rootCAs: "a.crt, b.crt"}}
"""
    assert parse(written(write, text, "/folder/below")) == parse("""
http:
  middlewares:
    users:
      basicAuth: {usersFile: "", users: [ann:x]}
    asked:
      forwardAuth: {address: http://a, tls: {ca: ../ca.crt}}
    rewritten:
      errors: {statusRewrites: {"500": 404}}
    own:
      plugin: {any: [{key: thing}]}
  serversTransports:
    one: {rootCAs: "../a.crt,../b.crt"}
tls:
  certificates:
    - {certFile: ../a.crt, keyFile: /elsewhere/a.key}
    - {certFile: "-----BEGIN A", keyFile: ../b.key}
  options:
    default: {clientAuth: {caFiles: [../ca.crt, ../more/ca.crt]}}
""")


def test_files_that_are_read_are_no_provider_any_more(write: Write) -> None:
    assert written(write, "providers: {file: {filename: a.yml}}") == ""
    text = written(write, "providers: {file: {filename: a.yml}, etcd: {endpoints: ['a:1']}}")
    assert text == "providers:\n  etcd: {endpoints: [a:1]}\n"


def test_parts_have_comments(write: Write) -> None:
    parts, _ = registry.split(write("ping: {entryPoint: web}\n"))
    notes = {(part.key.kind, part.key.name): ("From here.",) for part in parts}
    assert all(map(is_edge, parts))
    assert rendered(section(parts, "", notes), block=2) == "# From here.\nping:\n  entryPoint: web\n"


def test_what_is_no_mapping_stays_as_it_is(write: Write) -> None:
    assert written(write, "providers: [1]\n") == "providers:\n  - 1\n"
