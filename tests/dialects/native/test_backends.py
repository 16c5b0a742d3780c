from __future__ import annotations

import pytest

from tests.dialects.native.texts import Read, messages, route
from tulle.dialects.native.backends import backend
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "mirror: Web",
            ': "mirror[0].to" must name a service such as reviews, reviews/v2, reviews:9000 or reviews.shop, not "Web"',
        ),
        ("mirror: web:0", ': "mirror[0].to" has a port that is not from 1 to 65535: "web:0"'),
        ("mirror: [5]", ': "mirror[0]" must be a mapping, not 5'),
        ("mirror: {}", ': "mirror[0].to" is missing'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, route(text)) == [f"route r{message}"]


def test_a_reference_says_only_what_is_unusual() -> None:
    there = backend("reviews.shop:9000/v2", "default", BUILT_IN, 3)
    assert (there.service, there.port, there.subset, there.weight) == (Name("shop", "reviews"), 9000, "v2", 3)
    plain = backend("reviews", "default", BUILT_IN)
    assert (plain.service, plain.port, plain.subset) == (Name("default", "reviews"), None, None)


@pytest.mark.parametrize("weights", ["{}", "{web: 0}"])
def test_somebody_must_get_the_requests(read: Read, weights: str) -> None:
    assert len(messages(read, f"routes: [{{weights: {weights}}}]")) == 1


def test_callers_are_services(read: Read) -> None:
    (message,) = messages(read, "services: {web: {command: x, calls: [a.b.c]}}")
    assert message == 'service web: "calls[0]" must name a service such as web or web.shop, not "a.b.c"'
