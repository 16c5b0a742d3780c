from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.model.breaking import (
    Both,
    Comparison,
    Either,
    Latency,
    Malformed,
    Measure,
    NetworkErrors,
    Statuses,
    holds,
    parse,
)

SLOW = Comparison(Latency(50.0), ">", 100)
BROKEN = Comparison(NetworkErrors(), ">", 0.5)
FAILING = Comparison(Statuses(500, 600, 0, 600), ">", 0.25)
RIGHT = {
    "LatencyAtQuantileMS(50.0) > 100": SLOW,
    "NetworkErrorRatio() > 0.5": BROKEN,
    "ResponseCodeRatio(500, 600, 0, 600) > 0.25": FAILING,
    "ResponseCodeRatio(500, 600, 0, 600,) > 0.25": FAILING,
    "NetworkErrorRatio()>0.5&&LatencyAtQuantileMS(5e1)>100": Both((BROKEN, SLOW)),
    "NetworkErrorRatio() > 0.5 || NetworkErrorRatio() > .5 && LatencyAtQuantileMS(50.) > 100": Either(
        (BROKEN, Both((BROKEN, SLOW)))
    ),
    "(NetworkErrorRatio() > 0.5 || NetworkErrorRatio() > 0.5) && LatencyAtQuantileMS(50.0) > 0100": Both(
        (Either((BROKEN, BROKEN)), SLOW)
    ),
    "(NetworkErrorRatio()) > (0.5)": BROKEN,
    "NetworkErrorRatio( ) /* parts */ > 0.5 // half": BROKEN,
    "NetworkErrorRatio() >\n 0.5 &&\n NetworkErrorRatio() > 0x1p-1\n\n": Both((BROKEN, BROKEN)),
    "NetworkErrorRatio() > 1_0.5": Comparison(NetworkErrors(), ">", 10.5),
    "LatencyAtQuantileMS(50.0) >= 0": Comparison(Latency(50.0), ">=", 0),
    "LatencyAtQuantileMS(50.0) == 010": Comparison(Latency(50.0), "==", 10),
}
WRONG = {
    "": (0, "expected what is measured, found the end"),
    "foo() > 1": (0, "there is no `foo`; there are LatencyAtQuantileMS, NetworkErrorRatio, ResponseCodeRatio"),
    "NetworkErrorRatio()": (0, "expected a comparison"),
    "0.5": (0, "expected a comparison"),
    "NetworkErrorRatio() > 1": (22, "expected a number with a point"),
    "NetworkErrorRatio() > NetworkErrorRatio()": (22, "expected a number with a point"),
    "LatencyAtQuantileMS(50.0) > 100.0": (28, "expected a whole number"),
    "LatencyAtQuantileMS(50) > 100": (0, "`LatencyAtQuantileMS` takes a number with a point"),
    "NetworkErrorRatio(1) > 0.5": (0, "`NetworkErrorRatio` takes nothing"),
    "ResponseCodeRatio(500, 600, 0) > 0.5": (0, "takes a whole number, a whole number, a whole number"),
    "ResponseCodeRatio(500 600, 0, 600) > 0.5": (22, "expected `,`, found `600`"),
    "ResponseCodeRatio(-1, 600, 0, 600) > 0.5": (18, "`-` cannot stand here"),
    "LatencyAtQuantileMS((50.0)) > 100": (20, "expected a number, found `(`"),
    "LatencyAtQuantileMS > 100": (20, "expected `(`, found `>`"),
    "0.5 < NetworkErrorRatio()": (0, "left of `<` must stand what is measured"),
    "NetworkErrorRatio() > 0.5 == NetworkErrorRatio() > 0.5": (0, "left of `==`"),
    "NetworkErrorRatio() > 0.5 && NetworkErrorRatio()": (29, "expected a comparison"),
    "NetworkErrorRatio() && NetworkErrorRatio() > 0.5": (0, "expected a comparison"),
    "!(NetworkErrorRatio() > 0.5)": (0, "`!` cannot stand here"),
    "NetworkErrorRatio() > 0.5;": (25, "`;` cannot stand here"),
    "NetworkErrorRatio() > 0.5 )": (26, "expected the end, found `)`"),
    "(NetworkErrorRatio() > 0.5": (26, "expected `)`, found the end"),
    "NetworkErrorRatio() > 0.5\n && NetworkErrorRatio() > 0.5": (27, "expected the end, found `&&`"),
    "ResponseCodeRatio(500, 600, 0, 600\n) > 0.5": (34, "expected `,`, found the end of the line"),
    "NetworkErrorRatio() /*\n*/ > 0.5": (0, "expected a comparison"),
    "LatencyAtQuantileMS(50.0) > 08": (28, "08 is no number"),
    "LatencyAtQuantileMS(50.0) > 1_0": (28, "1_0 is no number"),
    "LatencyAtQuantileMS(50.0) > 0x10": (28, "0x10 is no number"),
    "LatencyAtQuantileMS(50.0) > 9223372036854775808": (28, "is too large"),
    "NetworkErrorRatio() > 1e999": (22, "1e999 is too large"),
    "NetworkErrorRatio() > 0x1p9999": (22, "0x1p9999 is no number"),
    "NetworkErrorRatio() > 1_": (22, "1_ is no number"),
    "(" * 101: (100, "too many parentheses"),
}


@pytest.mark.parametrize("text", RIGHT)
def test_conditions_are_read(text: str) -> None:
    assert parse(text) == RIGHT[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_shown_where_it_is(text: str) -> None:
    position, message = WRONG[text]
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.position == position


@given(st.text("NetworkErrorRatio()<>=!&|., 0123456789_exp\n/*", max_size=60) | st.text(max_size=40))
def test_nothing_else_ever_happens(text: str) -> None:
    try:
        parse(text)
    except Malformed as error:
        assert 0 <= error.position <= len(text)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3]), ("==", [2]), ("!=", [1, 3])],
)
def test_comparisons(operator: str, expected: list[int]) -> None:
    condition = Comparison(Latency(50.0), operator, 2)
    assert [value for value in (1, 2, 3) if holds(condition, lambda _, value=value: value)] == expected  # type: ignore[misc]


def test_conditions_are_joined() -> None:
    def value(measure: Measure) -> float:
        return 200 if measure == Latency(50.0) else 0.1

    assert holds(Either((BROKEN, SLOW)), value)
    assert not holds(Both((BROKEN, SLOW)), value)
