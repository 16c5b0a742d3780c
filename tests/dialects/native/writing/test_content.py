from __future__ import annotations

from tulle.dialects.native.writing.content import Content
from tulle.model.mesh import Settings


def test_a_content_says_nothing_at_first() -> None:
    content = Content()
    assert content.settings.trust_domain == Settings().trust_domain
    assert not any((content.offers, content.routes, content.entrances, content.lost))
