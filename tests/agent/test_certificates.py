from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tulle.agent import certificates
from tulle.agent.certificates import Certificate, SigningFailed
from tulle.agent.material import Material
from tulle.kit.clock import ManualClock, SystemClock
from tulle.model.security import Identity

Issue = Callable[..., Material]
WEB = Identity("cluster.local", "default", "web")


class Signer:
    """An authority that may be away."""

    def __init__(self, issue: Issue, lifetime: float) -> None:
        self.is_away = False
        self.asked = 0
        self._issue, self._lifetime = issue, lifetime

    async def __call__(self, identity: Identity) -> Material:
        self.asked += 1
        if self.is_away:
            raise SigningFailed("nobody answers")
        return self._issue(self._lifetime, identity)


async def test_a_certificate_is_renewed_at_half_of_its_life(
    tmp_path: Path, issue: Issue, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def short(delay: float) -> None:
        slept.append(delay)
        await sleep(0)

    monkeypatch.setattr("tulle.agent.certificates.asyncio.sleep", short)
    certificate = Certificate(WEB, tmp_path, Signer(issue, 60.0), SystemClock())
    told: list[Material] = []
    tasks(certificate.run(told.append, lambda: None))
    assert await certificate.valid() is certificate.material
    async with asyncio.timeout(5):
        while len(told) < 3:
            await sleep(0.01)
    assert 28 < slept[0] <= 30
    assert len({material.key for material in told[:3]}) == 3


async def test_what_a_predecessor_left_is_used_if_it_is_valid(tmp_path: Path, issue: Issue, clock: ManualClock) -> None:
    material = issue(60.0)
    material.save(tmp_path)
    certificate = Certificate(WEB, tmp_path, Signer(issue, 60.0), clock)
    certificate.load()
    assert certificate.material == material

    stranger = Certificate(Identity("cluster.local", "default", "other"), tmp_path, Signer(issue, 60.0), clock)
    stranger.load()
    assert stranger.material is None

    clock.advance(61)
    late = Certificate(WEB, tmp_path, Signer(issue, 60.0), clock)
    late.load()
    assert late.material is None


async def test_an_authority_that_is_away_is_asked_until_it_is_back(
    tmp_path: Path, issue: Issue, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(certificates, "LAST_RETRY", 0.02)
    signer = Signer(issue, 60.0)
    signer.is_away = True
    complaints: list[str] = []
    certificate = Certificate(WEB, tmp_path, signer, SystemClock())
    tasks(certificate.run(lambda _: None, lambda: complaints.append(certificate.complaint)))
    await eventually(lambda: signer.asked >= 3)
    assert complaints == [f"there is no certificate for {WEB} yet: nobody answers"]

    signer.is_away = False
    await certificate.valid()
    await eventually(lambda: complaints[-1] == "")


@pytest.mark.parametrize(("passed", "words"), [(50, "expires in 10 s"), (70, "expired 10 s ago")])
async def test_a_complaint_says_how_long_the_old_one_lasts(
    tmp_path: Path, issue: Issue, clock: ManualClock, passed: int, words: str, tasks: Any, eventually: Any
) -> None:
    signer = Signer(issue, 60.0)
    signer.is_away = True
    certificate = Certificate(WEB, tmp_path, signer, clock)
    certificate.material = issue(60.0)
    clock.moment = certificate.material.expires - timedelta(seconds=60 - passed) - timedelta(seconds=clock.elapsed)
    assert words in certificate._describe(SigningFailed("nobody answers"))


async def test_a_full_disk_costs_nothing_but_a_complaint(
    tmp_path: Path, issue: Issue, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Material, directory: Path) -> None:
        raise OSError(28, "No space left on device")

    save = Material.save
    monkeypatch.setattr(Material, "save", full)
    monkeypatch.setattr(certificates, "SAVE_AGAIN", 0.01)
    certificate = Certificate(WEB, tmp_path, Signer(issue, 60.0), SystemClock())
    tasks(certificate.run(lambda _: None, lambda: None))
    await certificate.valid()
    await eventually(lambda: "could not be saved" in certificate.complaint)

    # There is room again, long before the certificate is renewed.
    monkeypatch.setattr(Material, "save", save)
    await eventually(lambda: not certificate.complaint)
    assert Material.load(tmp_path) == certificate.material
