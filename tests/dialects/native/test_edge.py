from __future__ import annotations

from collections.abc import Callable

from tulle.dialects import registry
from tulle.model.documents import Document
from tulle.model.names import Name
from tulle.model.routers import EntryPoint, Router

Write = Callable[..., Document]


def test_its_parts_are_those_of_traefik(write: Write) -> None:
    text = """
services: {web: {port: 8000, command: web}}
edge:
  entryPoints:
    web: {address: 127.0.0.1:8080}
  http:
    routers:
      api: {rule: Path(`/`), service: api@internal}
"""
    parts, findings = registry.split(write(text))
    assert not findings
    assert [part.key.kind for part in parts] == ["native/service", "traefik/entry-point", "traefik/http-router"]
    assert [part.origin.line for part in parts] == [2, 5, 8]
    (point,), (router,) = (registry.read(part).objects for part in parts[1:])
    assert isinstance(point, EntryPoint) and isinstance(router, Router)
    assert (point.port, router.name) == (8080, Name("@file", "api"))


def test_mistakes_within_it_have_their_lines(write: Write) -> None:
    _, findings = registry.split(write("edge:\n  entryPionts: {}\n"))
    assert [str(each) for each in findings] == [
        'in.yaml:2: error: unknown field "entryPionts"; did you mean "entryPoints"?'
    ]


def test_it_is_a_mapping(write: Write) -> None:
    _, findings = registry.split(write("services: {}\nedge: [1]\n"))
    assert [str(each) for each in findings] == ['in.yaml:2: error: "edge" must be a mapping, not a list']
