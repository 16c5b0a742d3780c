from __future__ import annotations

import pytest

from tulle.model.consulting import (
    BY_HOST,
    QUESTION,
    Breaker,
    InFlight,
    Passwords,
    Question,
    Rate,
    Unreadable,
    from_text,
    metadata_text,
    to_metadata,
    to_text,
)
from tulle.model.steps import ClientAddress, Redis, SameClient

QUESTIONS: list[Question] = [
    Passwords(id="web/auth", users=(("Jürgen", "$apr1$a%b$c"), ("ann", "{SHA}x=")), realm="50 %", hides_proof=True),
    Passwords(id="web/auth", file="/etc/users", is_digest=True, name_header="X-User"),
    InFlight(id="web/limit", amount=3),
    InFlight(id="web/limit", amount=0, by=SameClient()),
    InFlight(id="web/limit", amount=3, by=SameClient(address=ClientAddress(excluded=("10.0.0.0/8",), ipv6_bits=64))),
    Breaker(id="web/break", expression="NetworkErrorRatio() > 0.5", status=504),
    Rate(id="limit", average=5, burst=10, by=SameClient(header="X-Key")),
    Rate(id="limit", average=5, by=BY_HOST, redis=Redis(endpoints=("a:1", "b:2"), has_tls=True)),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
def test_questions_survive_being_written(question: Question) -> None:
    text = to_text(question)
    assert from_text(text) == question
    assert text.isascii() and "%" not in text and "\n" not in text


def test_only_what_is_not_usual_is_written() -> None:
    assert to_text(InFlight(id="web/limit", amount=3)) == '{"amount":3,"id":"web/limit","kind":"in-flight"}'


def test_long_texts_are_sent_in_pieces() -> None:
    short, long = InFlight(id="web", amount=3), InFlight(id="w" * 40_000, amount=3)
    assert to_metadata(short) == ((QUESTION, to_text(short)),)
    pieces = to_metadata(long)
    assert [name for name, _ in pieces] == [QUESTION, f"{QUESTION}-1", f"{QUESTION}-2"]
    assert all(len(piece) <= 16_384 for _, piece in pieces)
    assert metadata_text({"other": "x", **dict(pieces)}) == to_text(long)
    assert metadata_text({}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "[]",
        "{}",
        '{"kind":"other"}',
        '{"kind":"passwords"}',
        '{"kind":"in-flight","id":"a","amount":1,"by":3}',
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="not a question"):
        from_text(text)
