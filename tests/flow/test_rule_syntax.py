from __future__ import annotations

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING, http, told
from tulle.flow.build import Builder
from tulle.flow.rule_syntax import RuleSyntax
from tulle.model.documents import BUILT_IN, Document, Key, Origin
from tulle.model.names import Name
from tulle.model.routers import RouterDefaults

CORE = {"core": {"defaultRuleSyntax": "v2"}}
OLD = RouterDefaults(name=Name("@static", "defaults"), origin=BUILT_IN, rule_syntax="v2")


def test_documents_are_the_same_objects_as_long_as_nothing_changes() -> None:
    syntax, documents = RuleSyntax(), (document(http("a: {rule: Path(`/a`), service: s}")), STANDING)
    assert syntax.applied(documents) is documents
    assert syntax.follow([OLD]) and not syntax.follow([OLD])
    first = syntax.applied(documents)
    assert first[0] is not documents[0] and first[1] is documents[1]
    assert syntax.applied(documents) == first
    assert syntax.follow([]) and syntax.applied(documents) is documents


def test_rules_are_read_again_when_the_language_changes() -> None:
    builder = Builder()
    routers = document(http("a: {rule: 'Path(`/a`, `/b`)', service: s}"))
    static = Document(Origin("file", "static.yml"), Key("file", Name("", "static.yml")), CORE)
    assert len(told(builder.build((routers, STANDING)))) == 1
    found = builder.build((routers, static, STANDING))
    assert not told(found)
    assert len(found.gateway_routes[0].rules[0].matches) == 2
    assert builder.build((routers, static, STANDING)) is found
    later = builder.build((routers, STANDING))
    assert len(told(later)) == 1
