from __future__ import annotations

from tulle.flow.index import Index
from tulle.model.names import Name

ONE, TWO = Name("default", "one"), Name("default", "two")


def words() -> Index[str, str]:
    """Texts by their words, the shortest first."""
    return Index(str.split, lambda _, text: len(text))


def test_things_are_found_by_each_of_their_keys_in_order() -> None:
    index = words()
    assert index.update({ONE: "a long text", TWO: "a text"}, [ONE, TWO]) == {"a", "long", "text"}
    assert index.get("text") == ("a text", "a long text")
    assert index.get("long") == ("a long text",)
    assert index.get("short") == ()
    assert set(index) == {"a", "long", "text"}


def test_a_look_up_gives_the_same_tuple_until_something_differs() -> None:
    index = words()
    index.update({ONE: "a text", TWO: "b"}, [ONE, TWO])
    before = index.get("text")
    assert index.update({ONE: "a text", TWO: "c"}, [TWO]) == {"b", "c"}
    assert index.get("text") is before
    assert index.get("b") == ()
    assert index.update({TWO: "c"}, [ONE]) == {"a", "text"}
    assert set(index) == {"c"}
