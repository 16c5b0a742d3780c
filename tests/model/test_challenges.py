from __future__ import annotations

from tulle.model.challenges import HttpAnswer, TlsAnswer


def test_an_answer_is_under_the_path_that_authorities_ask_for() -> None:
    assert HttpAnswer(token="abc", text="abc.def").path == "/.well-known/acme-challenge/abc"


def test_answers_are_compared_by_what_they_say_and_show_no_key() -> None:
    one, other = (TlsAnswer(domain="a.example", certificate="c", key="secret") for _ in range(2))
    assert one == other
    assert "secret" not in repr(one)
