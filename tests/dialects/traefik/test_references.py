from __future__ import annotations

from tests.dialects.traefik.reading import only
from tulle.model.names import Name
from tulle.model.routers import Reference


def test_names_are_those_of_the_provider_unless_they_say_another() -> None:
    router = only("""
http:
  routers:
    a:
      rule: Path(`/`)
      service: s@docker
      entryPoints: [web, web, other]
      middlewares: [m, n@consul]
""")
    assert router.service == Reference(Name("@docker", "s"))
    assert router.service.origin.line == 6
    assert [each.name for each in router.steps] == [Name("@file", "m"), Name("@consul", "n")]
    assert router.steps[1].origin.line == 8
    assert [each.name for each in router.entry_points] == [Name("@static", "web"), Name("@static", "other")]
