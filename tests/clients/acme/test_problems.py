from __future__ import annotations

import pytest
import requests
from acme import errors, messages

from tulle.clients.acme.problems import PREFIX, CannotObtain, Trouble, explained, problem, sentence

HERE = "https://ca.example"
STRANGE = f"{HERE} does not answer as an ACME server"
ANSWER = requests.Response()
ANSWER.status_code = 502


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("rateLimited", Trouble.LIMITED),
        ("accountDoesNotExist", Trouble.STRANGER),
        ("badNonce", Trouble.AWAY),
        ("rejectedIdentifier", Trouble.REFUSED),
    ],
)
def test_what_a_problem_means_for_the_next_try(code: str, trouble: Trouble) -> None:
    found = problem(messages.Error.from_json({"type": PREFIX + code, "detail": "so it is"}))
    assert (str(found), found.trouble) == (f"so it is ({code})", trouble)


def test_problems_of_single_names_are_said() -> None:
    parts = [{"type": PREFIX + "caa", "detail": "no", "identifier": {"type": "dns", "value": "a.example"}}]
    error = messages.Error.from_json({"type": PREFIX + "malformed", "title": "Bad", "subproblems": parts})
    assert sentence(error) == "Bad (malformed); a.example: no (caa)"
    assert sentence(messages.Error.from_json({})) == "it gives no reason (about:blank)"


@pytest.mark.parametrize(
    ("error", "said", "trouble"),
    [
        (messages.Error.from_json({"type": PREFIX + "caa", "detail": "no"}), "no (caa)", Trouble.REFUSED),
        (requests.ConnectionError("lost"), f"{HERE} cannot be reached: lost", Trouble.AWAY),
        (
            errors.ClientError(ANSWER),
            f"{STRANGE}: its answer has status 502",
            Trouble.AWAY,
        ),
        (errors.ClientError(), f"{STRANGE}: ClientError", Trouble.AWAY),
        (KeyError("newNonce"), f"{STRANGE}: 'newNonce'", Trouble.AWAY),
        (TypeError(), f"{STRANGE}: TypeError", Trouble.AWAY),
    ],
)
def test_every_end_of_a_call_is_explained(error: Exception, said: str, trouble: Trouble) -> None:
    with pytest.raises(CannotObtain) as caught, explained(HERE):
        raise error
    assert (str(caught.value), caught.value.trouble) == (said, trouble)


def test_the_words_of_the_system_are_shown() -> None:
    with pytest.raises(CannotObtain, match="cannot be reached: connection refused"), explained(HERE):
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise requests.ConnectionError("max retries") from error


def test_a_reason_that_goes_in_circles_is_shown_once() -> None:
    first, second = requests.ConnectionError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(CannotObtain, match="second"), explained(HERE):
        raise first
