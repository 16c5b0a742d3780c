from __future__ import annotations

import pytest

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


def test_a_key_is_not_endless() -> None:
    content, clashes = nested([(("a",) * 65, "1"), (("b",), "2")])
    assert content == {"b": "2"}
    assert [clash.sentence for clash in clashes] == ["has more than 64 parts"]
