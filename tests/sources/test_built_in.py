from __future__ import annotations

import asyncio
from pathlib import Path

from tulle.identity.stand_in import self_signed
from tulle.kit.clock import ManualClock
from tulle.sources.base import Batch
from tulle.sources.built_in import BuiltIn, document


async def first(source: BuiltIn) -> Batch:
    async with asyncio.timeout(10):
        return await anext(source.batches())


def certificate(batch: Batch) -> object:
    data: dict[str, object] = dict(batch.documents[0].data)
    stores = data["tls"]["stores"]  # type: ignore[index]
    return stores["default"]["defaultCertificate"]["certFile"]


async def test_the_certificate_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "stand-in.pem"
    made = certificate(await first(BuiltIn(file, tmp_path / "x.sock", self_signed)))
    assert made == file.read_text() == certificate(await first(BuiltIn(file, tmp_path / "x.sock", self_signed)))
    assert file.stat().st_mode & 0o777 == 0o600


async def test_one_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "stand-in.pem"
    file.write_text("nothing")
    assert certificate(await first(BuiltIn(file, tmp_path / "x.sock", self_signed))) == file.read_text() != "nothing"


async def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    clock = ManualClock()
    source = BuiltIn(tmp_path / "stand-in.pem", tmp_path / "x.sock", self_signed, clock)
    made = certificate(await first(source))
    clock.advance(330 * 86400)
    assert certificate(await first(source)) == made
    clock.advance(10 * 86400)
    assert certificate(await first(source)) not in {made, None}


async def test_the_control_plane_is_a_service_behind_a_socket(tmp_path: Path) -> None:
    batch = await first(BuiltIn(tmp_path / "a.pem", Path("/run/x.sock"), self_signed))
    services = batch.documents[0].data["http"]["services"]  # type: ignore[index]
    assert services["plane"] == {"loadBalancer": {"servers": [{"url": "unix:///run/x.sock"}]}}
    assert batch.documents[0].origin.source == "internal"


def test_without_a_certificate_there_is_no_store() -> None:
    assert document("", Path("/x.sock")).data["tls"] == {}
