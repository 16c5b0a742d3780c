from __future__ import annotations

import pytest

from tulle.agent.consultant.questions import Questions
from tulle.model.consulting import InFlight, to_text


def test_each_text_is_read_once(caplog: pytest.LogCaptureFixture) -> None:
    questions = Questions()
    question = InFlight(id="web", amount=1)
    assert questions.read(to_text(question)) == question
    assert questions.read(to_text(question)) is questions.read(to_text(question))
    assert questions.read("?") is None
    assert questions.read("?") is None
    assert caplog.text.count("does not understand") == 1
