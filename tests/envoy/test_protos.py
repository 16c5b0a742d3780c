from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy import protos


@pytest.mark.parametrize(("value", "expected"), [(0, "0s"), (1.5, "1.500s"), (0.001, "0.001s"), (86400, "86400s")])
def test_seconds_keep_their_fraction(value: float, expected: str) -> None:
    assert protos.seconds(value).ToJsonString() == expected


def test_a_percentage_keeps_four_digits() -> None:
    assert as_json(protos.fraction(0.0001)) == {"numerator": 1, "denominator": "MILLION"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", {"socket_address": {"address": "127.0.0.1", "port_value": 80}}),
        ("[::1]:80", {"socket_address": {"address": "::1", "port_value": 80}}),
        ("/run/app.sock", {"pipe": {"path": "/run/app.sock"}}),
    ],
)
def test_addresses_are_read_as_written(text: str, expected: object) -> None:
    assert as_json(protos.parse_address(text)) == expected


def test_header_values_are_never_commands_nor_lines() -> None:
    assert protos.literal("100% a\r\nb") == "100%% a  b"


def test_a_header_replaces_unless_it_is_to_be_appended() -> None:
    assert as_json(protos.header("a", "b"))["append_action"] == "OVERWRITE_IF_EXISTS_OR_ADD"
    assert "append_action" not in as_json(protos.header("a", "b", appends=True))


def test_numbers_have_an_end() -> None:
    assert [protos.number(value).value for value in (3, 1 << 40)] == [3, protos.UNLIMITED]
