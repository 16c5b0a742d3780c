from __future__ import annotations

import pytest

from tulle.model.documents import Anchor, Origin
from tulle.model.findings import Finding, did_you_mean

ORIGIN = Origin("file", "a.yaml", Anchor(3))


def test_a_finding_is_a_sentence_with_its_place() -> None:
    assert str(Finding.error(ORIGIN, "is wrong")) == "a.yaml:3: error: is wrong"
    assert str(Finding.warning(ORIGIN, "is odd")) == "a.yaml:3: warning: is odd"


def test_only_errors_keep_an_object_from_being_used() -> None:
    assert Finding.error(ORIGIN, "").is_error
    assert not Finding.warning(ORIGIN, "").is_error


@pytest.mark.parametrize(
    ("word", "hint"), [("prot", '; did you mean "port"?'), ("reviws", '; did you mean "reviews"?'), ("xyz", "")]
)
def test_the_nearest_word_is_offered(word: str, hint: str) -> None:
    assert did_you_mean(word, iter(["port", "reviews", "replicas"])) == hint
