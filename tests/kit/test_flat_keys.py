from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.flat_keys import BadKey, Path, labelled, nested, stored


@pytest.mark.parametrize(
    ("key", "root", "path"),
    [
        ("shop/http/routers/x/rule", "shop", ("http", "routers", "x", "rule")),
        ("/shop//http/a", "/shop/", ("http", "a")),
        ("a/b/http/x", "a/b", ("http", "x")),
        ("shopping/http", "shop", None),
        ("shop", "shop", None),
        ("shop/http/", "shop", None),
        ("http/x", "", ("http", "x")),
        ("other/x", "shop", None),
    ],
)
def test_keys_with_slashes(key: str, root: str, path: Path | None) -> None:
    assert stored(key, root) == path


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("shop.http.routers.x.rule", ("http", "routers", "x", "rule")),
        ("Shop.HTTP.x", ("HTTP", "x")),
        ("shop.servers[0].url", ("servers", "0", "url")),
        ("shop.list[12]", ("list", "12")),
        ("shop.odd[a].x]", ("odd[a]", "x]")),
        ("shop", None),
        ("com.example.x", None),
    ],
)
def test_keys_with_dots(key: str, path: Path | None) -> None:
    assert labelled(key, "shop") == path


@pytest.mark.parametrize("key", ["shop..x", "shop.x.", "shop.[0]", "shop.a.[0].b"])
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(BadKey):
        labelled(key, "shop")


def test_values_are_nested_and_stay_text() -> None:
    content, clashes = nested(
        [
            (("http", "routers", "x", "rule"), "Path(`/`)"),
            (("http", "routers", "x", "priority"), "42"),
            (("http", "services", "s", "servers", "1", "url"), "b"),
            (("http", "services", "s", "servers", "0", "url"), "a"),
        ],
        line=3,
    )
    assert content == {
        "http": {
            "routers": {"x": {"rule": "Path(`/`)", "priority": "42"}},
            "services": {"s": {"servers": {"0": {"url": "a"}, "1": {"url": "b"}}}},
        }
    }
    assert content["http"].line_of("routers") == content.line == 3
    assert not clashes


def test_capitals_make_no_difference() -> None:
    content, clashes = nested([(("a", "x"), "1"), (("A", "y"), "2"), (("A", "X"), "3")])
    assert content == {"A": {"X": "1", "y": "2"}}
    assert [(clash.path, clash.sentence) for clash in clashes] == [
        (("a", "x"), "is written twice; capitals make no difference")
    ]


def test_keys_win_over_a_value() -> None:
    content, clashes = nested(
        [
            (("tls",), "true"),
            (("tls", "options"), "x"),
            (("folder",), ""),
            (("folder", "a"), "1"),
            (("odd",), "text"),
            (("odd", "a"), "1"),
        ]
    )
    assert content == {"tls": {"options": "x"}, "folder": {"a": "1"}, "odd": {"a": "1"}}
    assert [clash.path for clash in clashes] == [("odd",)]


KEYS = st.text("abcXYZ019-", min_size=1, max_size=3).map(str.lower)
TREES = st.recursive(
    st.text(max_size=3), lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=20
)


def flattened(value: object) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        yield (), str(value)
        return
    for key, inner in value.items():
        for path, text in flattened(inner):
            yield (key, *path), text


@given(st.dictionaries(KEYS, TREES, max_size=3), st.randoms())
def test_what_was_flattened_comes_back(tree: dict[str, object], random: Random) -> None:
    entries = [*flattened(tree)]
    random.shuffle(entries)
    assert nested(entries) == (tree, ())
    written = [(stored("/".join(("a/b", *path)), "a/b"), text) for path, text in entries]
    assert nested([(path, text) for path, text in written if path]) == (tree, ())


def test_a_key_is_not_endless() -> None:
    content, clashes = nested([(("a",) * 65, "1"), (("b",), "2")])
    assert content == {"b": "2"}
    assert [clash.sentence for clash in clashes] == ["has more than 64 parts"]
