from __future__ import annotations

import pytest

from tulle.clients.endpoints import CannotFetch
from tulle.clients.key_values import Tree, text


def test_what_was_handed_out_stays() -> None:
    tree = Tree()
    tree.put("a", b"1")
    before = tree.now()
    tree.put("a", b"2")
    tree.put("b", b"3")
    tree.drop("c")
    assert (before, tree.now()) == ({"a": b"1"}, {"a": b"2", "b": b"3"})
    tree.drop("a")
    assert tree.now() == {"b": b"3"}


def test_there_is_a_limit() -> None:
    tree = Tree(largest=4)
    for _ in range(10):
        tree.put("a", b"123")
    tree.drop("a")
    tree.put("b", b"123")
    with pytest.raises(CannotFetch, match="it holds more than 0 MB"):
        tree.put("c", b"")


def test_keys_are_text() -> None:
    assert (text(b"a/\xc3\xa4"), text(b"\xff")) == ("a/ä", "\ufffd")
