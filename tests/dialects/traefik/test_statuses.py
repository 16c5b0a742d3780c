from __future__ import annotations

from tests.dialects.traefik.reading import broken, middleware


def test_statuses_and_ranges() -> None:
    (step,) = middleware("errors: {status: ['404', 500-599], service: s}")
    assert step.statuses == ((404, 404), (500, 599))


def test_mistakes() -> None:
    sentence = "must be a status such as 500, or a range such as 500-599, not"
    assert broken("errors: {status: [599-500], service: s}") == f'"errors.status[0]" {sentence} "599-500"'
    assert broken("errors: {status: ['200', x], service: s}") == f'"errors.status[1]" {sentence} "x"'
