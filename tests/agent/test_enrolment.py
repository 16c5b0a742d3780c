"""With the real service on a Unix socket and on a port with mTLS."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tulle.agent.certificates import SigningFailed
from tulle.agent.enrolment import Enrolment, Invitation
from tulle.agent.material import Material
from tulle.api.credentials import ServerCertificate
from tulle.api.hosts import Hosts
from tulle.api.hosts_messages import HostReport
from tulle.identity.authority import Authority
from tulle.identity.tokens import Tokens
from tulle.kit.clock import ManualClock, SystemClock
from tulle.kit.home import Home
from tulle.model.mesh import Settings
from tulle.model.security import Identity
from tulle.xds.server import serving
from tulle.xds.subscription import Session

WEB = Identity("cluster.local", "default", "web")
AGENT = Identity("cluster.local", "tulle-system", "agent-here")


@dataclass
class Registry:
    settings: Settings = field(default_factory=Settings)

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        return account == "web"

    def is_connected(self, host: str) -> bool:
        return False

    def connected(self, host: str, role: str) -> None: ...
    def reported(self, report: HostReport) -> None: ...
    def disconnected(self, host: str) -> None: ...


class NoXds:
    def opened(self, session: Session) -> None: ...
    def closed(self, session: Session) -> None: ...
    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None: ...
    def settled(self, session: Session) -> None: ...


@dataclass
class Place:
    """Where a plane is, or will be."""

    home: Home
    authority: Authority
    sockets: Path
    port: str = "127.0.0.1:1"

    def enrolment(self) -> Enrolment:
        token = self.home.plane / "token"
        invitation = Invitation(address=f"unix:{self.sockets}/join", token=token.read_text)
        return Enrolment(self.home, "here", self.port, invitation, SystemClock())

    @asynccontextmanager
    async def plane(self) -> AsyncIterator[None]:
        tokens = Tokens(self.home.plane / "tokens", self.authority.fingerprint)
        service = Hosts(self.authority, tokens, Registry())
        certificate = ServerCertificate(self.authority, "cluster.local")
        members = (service.membership(),)
        async with (
            serving(NoXds(), address=f"unix:{self.sockets}/join", services=(service.enrolment(),)),
            serving(NoXds(), address="127.0.0.1:0", credentials=certificate.membership(), services=members) as port,
        ):
            self.port = port
            (self.home.plane / "token").write_text(str(tokens.create(reusable=True)))
            yield


@pytest.fixture
async def place(home: Home, authority: Authority) -> AsyncIterator[Place]:
    with tempfile.TemporaryDirectory() as sockets:
        yield Place(home, authority, Path(sockets))


async def test_a_host_joins_as_soon_as_there_is_a_plane_and_has_its_proxies_signed_for(
    place: Place, tasks: Any, eventually: Any
) -> None:
    told: list[tuple[str, ...]] = []
    early = place.enrolment()
    running = tasks(early.run(lambda: told.append(early.complaints)))
    await eventually(lambda: told)
    assert "has not started yet" in told[0][0]
    with pytest.raises(SigningFailed, match="not started"):
        await early.sign(WEB)
    running.cancel()

    async with place.plane():
        joining = place.enrolment()
        running = tasks(joining.run(lambda: None))
        await joining.joined()
        assert joining.material.identity == AGENT
        signed = await joining.sign(WEB)
        assert signed.identity == WEB
        assert signed.trust == place.authority.bundle.pem
        with pytest.raises(SigningFailed, match="runs nothing as other"):
            await joining.sign(Identity("cluster.local", "default", "other"))
        assert (await joining._renew(AGENT)).identity == AGENT
        running.cancel()

    # Once joined, a host needs neither token nor plane.
    (place.home.plane / "token").unlink()
    again = place.enrolment()
    tasks(again.run(lambda: None))
    await again.joined()
    assert again.material == joining.material
    with pytest.raises(SigningFailed, match="did not sign"):
        await again.sign(WEB)
    assert again.complaints == ()


async def test_a_token_that_is_none_is_named(place: Place, tasks: Any, eventually: Any) -> None:
    async with place.plane():
        (place.home.plane / "token").write_text("nonsense")
        lost = place.enrolment()
        tasks(lost.run(lambda: None))
        await eventually(lambda: lost.complaints)
        assert "not a join token" in lost.complaints[0]


async def test_a_host_that_was_away_for_too_long_joins_again(
    place: Place, tasks: Any, issue: Callable[..., Material], clock: ManualClock
) -> None:
    clock.advance(-120)
    expired = issue(60.0, AGENT)
    clock.advance(120)
    expired.save(place.home.agent)
    async with place.plane():
        joining = place.enrolment()
        tasks(joining.run(lambda: None))
        await joining.joined()
        assert joining.material != expired
        certificate = joining._certificate
        assert certificate is not None
        certificate.material = expired
        assert (await joining._renew(AGENT)).expires - expired.expires > timedelta(days=1)
        (place.home.plane / "token").unlink()
        with pytest.raises(SigningFailed, match="could not join again"):
            await joining._renew(AGENT)


async def test_an_identity_that_cannot_be_saved_is_used_all_the_same(
    place: Place, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Material, directory: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Material, "save", full)
    async with place.plane():
        joining = place.enrolment()
        tasks(joining.run(lambda: None))
        await joining.joined()
        assert "could not be saved" in joining.complaints[0]
