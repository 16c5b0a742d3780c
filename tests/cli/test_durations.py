from __future__ import annotations

import pytest

from tulle.cli.durations import seconds
from tulle.cli.output import Failure


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("1h30m", 5400), ("0.5h", 1800), ("7d", 604800)])
def test_durations_are_read(text: str, expected: float) -> None:
    assert seconds(text, "--ttl") == expected


@pytest.mark.parametrize("text", ["", "0s", "10", "1w", "-5m", "1.2.3s", "5 m", "m"])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    with pytest.raises(Failure, match="--ttl") as raised:
        seconds(text, "--ttl")
    assert raised.value.code == 2
