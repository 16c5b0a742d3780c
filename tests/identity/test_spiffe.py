"""SPIFFE names: what is read, what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.identity import spiffe
from tulle.identity.spiffe import NotAnIdentity, checked, host_of, parse
from tulle.model.security import Identity

domains = st.from_regex(r"[a-z0-9._-]{1,20}", fullmatch=True)
segments = st.from_regex(r"[a-zA-Z0-9._-]{1,20}", fullmatch=True).filter(lambda text: text not in {".", ".."})


@given(st.builds(Identity, domains, segments, segments))
def test_what_is_written_is_read_again(identity: Identity) -> None:
    assert parse(str(checked(identity))) == identity


@given(st.text(max_size=30))
def test_any_text_is_an_identity_or_is_refused(text: str) -> None:
    with suppress(NotAnIdentity):
        assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spiffe://",
        "https://mesh.test/ns/n/sa/a",
        "spiffe://mesh.test/ns/n/sa/a/",
        "spiffe://mesh.test/ns/n/sa",
        "spiffe://mesh.test/sa/n/ns/a",
        "spiffe://Mesh.test/ns/n/sa/a",
        "spiffe://mesh.test:1/ns/n/sa/a",
        "spiffe:///ns/n/sa/a",
        "spiffe://mesh.test/ns//sa/a",
        "spiffe://mesh.test/ns/n/sa/..",
        "spiffe://mesh.test/ns/./sa/a",
        "spiffe://mesh.test/ns/n/sa/a%2f",
        "spiffe://mesh.test/ns/n/sa/ä",
        "spiffe://mesh.test/ns/n/sa/a\n",
        f"spiffe://mesh.test/ns/n/sa/{'a' * 2048}",
    ],
)
def test_what_spiffe_forbids_is_refused(text: str) -> None:
    with pytest.raises(NotAnIdentity):
        parse(text)


def test_the_well_known_names() -> None:
    assert str(spiffe.plane("d")) == "spiffe://d/ns/tulle-system/sa/plane"
    assert str(spiffe.gateway("d")) == "spiffe://d/ns/tulle-system/sa/gateway"
    assert str(spiffe.agent("d", "alpha")) == "spiffe://d/ns/tulle-system/sa/agent-alpha"


def test_only_agents_are_agents_of_a_host() -> None:
    assert host_of(spiffe.agent("d", "alpha")) == "alpha"
    assert host_of(spiffe.gateway("d")) is None
    assert host_of(Identity("d", "default", "agent-alpha")) is None
