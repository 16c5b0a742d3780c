from __future__ import annotations

from tests.dialects.traefik.reading import document
from tulle.dialects.traefik.dialect import DIALECT
from tulle.dialects.traefik.rule_syntax import with_syntax
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

TEXT = """
http:
  Routers:
    a:
      rule: Path(`/a`)
      service: a
    b: {rule: Path(`/b`), service: b, rulesyntax: v3}
  services: {a: {}}
tcp:
  routers: {t: {rule: HostSNI(`*`)}, u: nothing}
udp:
  routers: {u: {service: u}}
"""


def test_routers_that_do_not_say_it() -> None:
    before = document(TEXT)
    found = with_syntax(before, "v2")
    assert (found.origin, found.key) == (before.origin, before.key)
    assert found.data == {
        "http": {
            "Routers": {
                "a": {"rule": "Path(`/a`)", "service": "a", "ruleSyntax": "v2"},
                "b": {"rule": "Path(`/b`)", "service": "b", "rulesyntax": "v3"},
            },
            "services": {"a": {}},
        },
        "tcp": {"routers": {"t": {"rule": "HostSNI(`*`)", "ruleSyntax": "v2"}, "u": "nothing"}},
        "udp": {"routers": {"u": {"service": "u"}}},
    }


def test_everything_is_where_it_was() -> None:
    before = document(TEXT)
    lines = [
        {part.key: part.origin.line for part in DIALECT.split(each, {})[0]}
        for each in (before, with_syntax(before, "v2"))
    ]
    assert lines[0] == lines[1]


def test_other_documents_stay_as_they_are() -> None:
    others: list[dict[str, object]] = [
        {"udp": {"routers": {"u": {"service": "u"}}}},
        {"kind": "Service", "http": {}},
        {"services": {}},
    ]
    for data in others:
        before = Document(Origin("file"), Key("file", Name("", "x")), data)
        assert with_syntax(before, "v2") is before
