from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tulle.dialects.fields import Duration
from tulle.dialects.native.writing.plain import changed, duration, file, kept, named, number, reference, several, yes
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Backend


def test_what_says_nothing_is_left_out() -> None:
    assert kept(a=None, b="", c=(), d=[], e={}, f=0, g=False, h="x") == {"f": 0, "g": False, "h": "x"}
    assert (changed(1, 1), changed(2, 1), yes(True), yes(False)) == (None, 2, True, None)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (0, "0s"), (1.5, "1500ms"), (90, "90s"), (120, "2m"), (86400, "1d"), (0.0001, "0.0001s")],
)
def test_durations_are_in_the_largest_unit_that_fits(seconds: float | None, text: str | None) -> None:
    assert duration(seconds) == text


@given(st.one_of(st.integers(0, 10**7).map(lambda ms: ms / 1000), st.integers(0, 10**6).map(float)))
def test_durations_are_read_as_they_were(seconds: float) -> None:
    assert TypeAdapter(Duration).validate_python(duration(seconds)) == seconds


def test_numbers_have_no_point_that_they_do_not_need() -> None:
    assert [repr(number(each)) for each in (12.5, 100.0, None)] == ["12.5", "100", "None"]


def test_one_stands_alone_unless_it_would_be_taken_for_something_else() -> None:
    assert several(["a"]) == "a"
    assert several(["a", "b"]) == ["a", "b"]
    assert several([["a"]]) == [["a"]]
    assert several([{}]) == [{}]
    assert several([]) is None


def test_references_say_no_more_than_they_need() -> None:
    web = Backend(service=Name("shop", "web"), port=80, subset="v1", origin=BUILT_IN)
    assert reference(web, "shop") == "web:80/v1"
    assert reference(web, "other") == "web.shop:80/v1"
    assert named(Name("shop", "web"), "shop") == "web"


def test_files_are_near_the_folder_or_as_they_are() -> None:
    assert file("", "/a") is None
    assert file("/a/b/c.pem", "/a") == "b/c.pem"
    assert file("/a/c.pem", "/a/b") == "../c.pem"
    assert file("/x/c.pem", "/a/b/c") == "/x/c.pem"
    assert file("/x/c.pem", "") == "/x/c.pem"
