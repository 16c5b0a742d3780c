"""Joining: who gets in, and whom a new host believes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tulle.api.hosts_client import Impostor, Refused, Unreachable, join
from tulle.identity.authority import Authority
from tulle.identity.keys import read_leaf
from tulle.identity.tokens import Token, TokenRefused
from tulle.kit.clock import ManualClock


@pytest.mark.parametrize("port", ["enrolment", "local"])
async def test_a_host_joins_with_a_token(plane: Any, port: str) -> None:
    credentials, trust_domain = await join(getattr(plane, port), str(plane.tokens.create()), "alpha")
    assert str(read_leaf(credentials.chain).identity) == "spiffe://mesh.test/ns/tulle-system/sa/agent-alpha"
    assert (credentials.bundle, trust_domain) == (plane.authority.bundle.pem, "mesh.test")
    assert "PRIVATE" not in repr(credentials)


async def test_a_used_an_unknown_and_a_forged_token_are_refused(plane: Any) -> None:
    token = plane.tokens.create()
    await join(plane.enrolment, str(token), "alpha")
    with pytest.raises(Refused, match="used already"):
        await join(plane.enrolment, str(token), "beta")
    with pytest.raises(Refused, match="not known here"):
        await join(plane.enrolment, str(Token("00000000", token.secret, token.pin)), "beta")
    with pytest.raises(Refused, match="not known here"):
        await join(plane.enrolment, str(Token(token.id, "guess", token.pin)), "beta")
    with pytest.raises(TokenRefused, match="not a join token"):
        await join(plane.enrolment, "rubbish", "beta")


async def test_a_reusable_token_lets_many_in(plane: Any) -> None:
    token = str(plane.tokens.create(reusable=True))
    for host in ("alpha", "beta", "alpha"):
        await join(plane.enrolment, token, host)


async def test_a_host_name_that_cannot_be_an_identity_is_refused(plane: Any) -> None:
    with pytest.raises(Refused, match="cannot be a service account"):
        await join(plane.enrolment, str(plane.tokens.create()), "al/pha")


async def test_nobody_takes_the_place_of_a_host_that_is_there(plane: Any) -> None:
    plane.registry.present.add("alpha")
    with pytest.raises(Refused, match="a host named alpha is there already"):
        await join(plane.enrolment, str(plane.tokens.create()), "alpha")


async def test_a_damaged_token_file_is_said_without_its_content(plane: Any, tmp_path: Path) -> None:
    token = str(plane.tokens.create())
    (tmp_path / "tokens.json").write_text("{")
    with pytest.raises(Refused, match="the control plane cannot read its tokens"):
        await join(plane.enrolment, token, "alpha")


async def test_a_new_host_believes_nobody_but_the_pinned_mesh(plane: Any, tmp_path: Path) -> None:
    other = Authority.open(tmp_path / "other", trust_domain="mesh.test")
    for port in (plane.enrolment, plane.local):
        token = plane.tokens.create()
        with pytest.raises(Impostor, match="not the"):
            await join(port, str(Token(token.id, token.secret, other.fingerprint)), "alpha")


async def test_over_the_network_an_impostor_does_not_even_see_the_secret(plane: Any, tmp_path: Path) -> None:
    other = Authority.open(tmp_path / "other", trust_domain="mesh.test")
    token = plane.tokens.create()
    with pytest.raises(Impostor):
        await join(plane.enrolment, str(Token(token.id, token.secret, other.fingerprint)), "alpha")
    assert [grant.used_by for grant in plane.tokens.grants()] == [""]
    await join(plane.enrolment, str(token), "beta")


async def test_nobody_at_the_address_is_said_plainly() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    token = str(Token("id", "secret", "0" * 64))
    with pytest.raises(Unreachable, match=f"no control plane answers at {address}"):
        await join(address, token, "alpha")
    server.close()
    with pytest.raises(Unreachable, match=f"no control plane answers at {address}"):
        await join(address, token, "alpha")
    with pytest.raises(Unreachable):
        await join("unix:/nonexistent/join.sock", token, "alpha", deadline=1)


async def test_a_wrong_clock_is_noticed_before_the_certificate_is_used(plane: Any) -> None:
    with pytest.raises(Impostor, match="is the clock right"):
        await join(plane.enrolment, str(plane.tokens.create()), "alpha", clock=ManualClock())
