from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tulle.dialects.istio import values
from tulle.dialects.objects import Metadata


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.5s", 1.5), ("1h5m", 3900.0), ("0.5h", 1800.0), ("100ms", 0.1), ("2us3ns", 2.003e-6), ("0", 0.0), ("0s", 0.0)],
)
def test_durations_of_protobuf_and_of_go(text: str, expected: float) -> None:
    assert values.seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "1 s", "s", "1d", "-1s", "1s!"])
def test_what_is_no_duration(text: str) -> None:
    assert values.seconds(text) is None


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (values.Seconds, 5, "must be a duration with its unit such as 500ms, 2s or 1h5m, not 5"),
        (values.PositiveSeconds, "0s", "must be longer than 0"),
        (values.Percent, 101, "must be a percentage from 0 to 100, not 101"),
        (values.Percent, True, "must be a percentage from 0 to 100, not true"),
        (values.Unsigned, -1, "must be a whole number from 0 to 4294967295, not -1"),
        (values.Unsigned, 1.0, "must be a whole number from 0 to 4294967295, not 1.0"),
        (values.Exports, ["A!"], 'must be a namespace, . for its own or * for all, not "A!"'),
        (values.Exports, [1], "must be a namespace, . for its own or * for all, not 1"),
        (values.Header, "x y", 'must be the name of a header, not "x y"'),
        (values.Header, 1, "must be the name of a header, not 1"),
    ],
)
def test_mistakes(kind: Any, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert message in str(caught.value)


def test_good_values() -> None:
    assert TypeAdapter(values.PositiveSeconds).validate_python("2s") == 2.0
    assert TypeAdapter(values.Exports).validate_python([".", "*", "shop"]) == (".", "*", "shop")
    assert TypeAdapter(values.Header).validate_python(":Authority") == ":authority"
    assert TypeAdapter(values.Percent).validate_python(0.1) == 0.1
    assert TypeAdapter(values.Unsigned).validate_python(3) == 3


def test_everybody_sees_what_is_not_limited() -> None:
    assert values.exports(()) == ("*",)
    assert values.exports((".",)) == (".",)


def test_when_an_object_was_made() -> None:
    assert (
        values.created(Metadata.model_validate({"creationTimestamp": "2026-01-01T00:00:00Z"})) == "2026-01-01T00:00:00Z"
    )
    assert values.created(Metadata.model_validate({})) == ""
