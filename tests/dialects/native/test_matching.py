from __future__ import annotations

import pytest

from tests.dialects.native.texts import Read, messages, route
from tulle.dialects.native.matching import describe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path: {}", ': "path" takes exactly one of exact, prefix, starts, regex'),
        ("path: {exact: /a, prefix: /b}", ': "path" takes exactly one of exact, prefix, starts, regex'),
        ("path: {exact: }", ': "path" has nothing after exact'),
        ("path: 7", ': "path" must be a path such as /cart, or one of exact, prefix, starts, regex, not 7'),
        ("path: [a]", ': "path" must be a path such as /cart, or one of exact, prefix, starts, regex, not a list'),
        ("headers: {a: }", ': "headers.a" must be text or a mapping with one condition, not nothing'),
        (
            "headers: {a: {not: true}}",
            ': "headers.a" takes exactly one of exact, prefix, suffix, contains, regex, present',
        ),
        ("headers: {a: {exct: b}}", ': unknown field "exct" in "headers.a"; did you mean "exact"?'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, route(text)) == [f"route r{message}"]


def test_names_of_conditions_do_not_depend_on_their_order() -> None:
    one = describe("/a", {"headers": {"x": "1", "y": "2"}, "methods": ["GET"]})
    assert one == describe("/a", {"methods": ["GET"], "headers": {"y": "2", "x": "1"}})
    assert one != describe("/a", {"methods": ["PUT"]})
    assert one.startswith("/a#")


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a", "/a"), (None, "/"), ({"exact": "/a"}, "=/a"), ({"prefix": "/a"}, "/a"), ({"regex": "/a"}, "~/a")],
)
def test_a_path_alone_is_its_own_name(path: object, name: str) -> None:
    assert describe(path, {}) == name


def test_strange_paths_have_names_too() -> None:
    assert describe(["/a"], {}) != describe(["/b"], {})
    assert describe({"exact": "/a", "ignore_case": True}, {}).startswith("/#")
