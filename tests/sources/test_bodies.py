from __future__ import annotations

import pytest

from tulle.kit.located_yaml import Malformed
from tulle.sources.bodies import Body


def test_the_same_text_is_the_same_document() -> None:
    body = Body("http", "http://a", "/srv")
    first = body.read(b"http: {routers: {}}\n")
    assert body.read(b"http: {routers: {}}\n") is first is body.document
    assert (first.data, first.folder, first.origin.file) == ({"http": {"routers": {}}}, "/srv", "http://a")
    assert body.read(b"") is not first
    assert body.read(b"").data == {}


@pytest.mark.parametrize(
    ("text", "value"), [(b'{\n\t"a":\t{"b": 1}\n}', {"b": 1}), (b'{\n"a":"\\ud83d\\ude00"}', "\U0001f600")]
)
def test_json(text: bytes, value: object) -> None:
    document = Body("rest", "rest").read(text)
    assert document.data == {"a": value}
    document.forget()
    assert document.data == {"a": value}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a: 1\n\xff", 1),
        (b"- a", 0),
        (b"text", 0),
        (b"a:\n\t- b", 1),
        (b"a: [", 0),
        (b"[" * 999, 0),
        (b'{"a": "\\ud800"}', 0),
    ],
)
def test_what_is_none_changes_nothing(data: bytes, line: int) -> None:
    body = Body("http", "http://a")
    before = body.read(b"a: 1")
    with pytest.raises(Malformed) as caught:
        body.read(data)
    assert (caught.value.line, body.document) == (line, before)
