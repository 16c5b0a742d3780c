from __future__ import annotations

from tulle.model.documents import BUILT_IN, Anchor, Document, Key, Origin
from tulle.model.names import Name


def test_an_origin_moves_with_its_anchor() -> None:
    anchor = Anchor(3)
    origin = Origin("file", "a.yaml", anchor, 2, "service web")
    assert (origin.line, str(origin)) == (5, "a.yaml:5")
    anchor.move(10)
    assert (origin.line, str(origin)) == (12, "a.yaml:12")


def test_an_origin_at_another_line_moves_too() -> None:
    anchor = Anchor(3)
    other = Origin("file", "a.yaml", anchor, 0, "service web").at(7)
    anchor.move(4)
    assert (other.line, other.subject) == (8, "service web")


def test_what_has_no_file_is_shown_by_its_source() -> None:
    assert str(BUILT_IN) == "built-in"


def test_documents_are_compared_by_identity_and_keys_by_value() -> None:
    key = Key("file", Name("", "a"))
    assert key == Key("file", Name("", "a"))
    assert Document(BUILT_IN, key, {}) != Document(BUILT_IN, key, {})


def test_what_is_part_of_a_document_moves_with_it() -> None:
    document = Anchor(3)
    part = Anchor(5, document)
    document.move(10)
    assert part.line == 12
    other = Anchor(20)
    part.move(21, other)
    document.move(1)
    other.move(30)
    assert part.line == 31
