from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tulle.dialects.fields import Duration
from tulle.dialects.native.writing import plain
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Backend

READER: TypeAdapter[float] = TypeAdapter(Duration)


def test_what_says_nothing_is_left_out() -> None:
    found = plain.kept(a=None, b="", c=(), d=[], e={}, f=0, g=False, h=[1], i=0.0)
    assert found == {"f": 0, "g": False, "h": [1], "i": 0.0}


def test_what_is_as_usual_is_nothing() -> None:
    assert (plain.changed(1, 1), plain.changed(2, 1)) == (None, 2)
    assert (plain.yes(True), plain.yes(False)) == (True, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (0, "0s"),
        (1, "1s"),
        (60, "1m"),
        (90, "90s"),
        (86400, "1d"),
        (7200, "2h"),
        (0.025, "25ms"),
        (1.5, "1500ms"),
        (0.0005, "0.0005s"),
    ],
)
def test_durations_have_the_largest_unit_that_fits(value: float | None, text: str | None) -> None:
    assert plain.duration(value) == text


@given(st.integers(10**6, 10**12).map(lambda nanoseconds: nanoseconds / 10**9))
def test_durations_are_read_back_as_the_same_number(value: float) -> None:
    assert READER.validate_python(plain.duration(value)) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("value", "written"), [(None, None), (5.0, 5), (0.5, 0.5)])
def test_numbers_have_no_point_where_they_need_none(value: float | None, written: float | None) -> None:
    found = plain.number(value)
    assert found == written and type(found) is type(written)


@pytest.mark.parametrize(
    ("values", "written"),
    [((), None), (("a",), "a"), (("a", "b"), ["a", "b"]), (((1, 2),), [(1, 2)]), (({"a": 1},), {"a": 1})],
)
def test_one_thing_needs_no_list(values: tuple[object, ...], written: object) -> None:
    assert plain.several(values) == written


@pytest.mark.parametrize(
    ("port", "subset", "namespace", "text"),
    [
        (None, None, "shop", "web"),
        (None, None, "default", "web.shop"),
        (80, None, "shop", "web:80"),
        (80, "v1", "default", "web.shop:80/v1"),
    ],
)
def test_references_are_as_short_as_they_can_be(
    port: int | None, subset: str | None, namespace: str, text: str
) -> None:
    backend = Backend(service=Name("shop", "web"), port=port, subset=subset, origin=BUILT_IN)
    assert plain.reference(backend, namespace) == text


@pytest.mark.parametrize(
    ("path", "folder", "text"),
    [
        ("", "/a", None),
        ("/a/b.pem", "/a", "b.pem"),
        ("/a/b.pem", "/a/c", "../b.pem"),
        ("/etc/b.pem", "/a/c", "/etc/b.pem"),
        ("/a/b.pem", "", "/a/b.pem"),
    ],
)
def test_files_are_near_or_absolute(path: str, folder: str, text: str | None) -> None:
    assert plain.file(path, folder) == text
