from __future__ import annotations

import pytest

from tulle.dialects.traefik.repeating import MOST, STATUSES, Malformed, retry


@pytest.mark.parametrize(
    ("text", "attempts", "codes"),
    [
        ("IsNetworkError() && Attempts() < 3", 2, (502, 504)),
        ("ResponseCode() == 503 && Attempts() <= 2", 2, (503,)),
        ("Attempts() < 2 && (ResponseCode() == 429 || ResponseCode() >= 598)", 1, (429, 598, 599)),
        ("Attempts() != 2 && !(ResponseCode() < 599)", 1, (599,)),
        ("!IsNetworkError() && ResponseCode() > 501 && ResponseCode() < 505", MOST - 1, (503,)),
        ("Attempts() > 1", 0, ()),
    ],
)
def test_when_a_request_is_sent_again(text: str, attempts: int, codes: tuple[int, ...]) -> None:
    found = retry(text)
    assert (found.attempts, found.status_codes) == (attempts, codes)
    assert found.non_idempotent
    assert found.conditions == (("reset",) if 502 in codes else ())


def test_a_number_of_tries_alone_is_for_all_answers() -> None:
    assert retry("Attempts() < 2").status_codes == tuple(STATUSES)


@pytest.mark.parametrize(
    "text",
    [
        "Attempts() <",
        "Luck() > 1",
        "Attempts()",
        "1 < Attempts()",
        "Attempts() < x",
        "Attempts() in 3",
        "",
        "true",
        "Attempts() == 1.5",
    ],
)
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(Malformed):
        retry(text)
