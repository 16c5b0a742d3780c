"""The files of the authority: whole or not at all, for their owner only, and never silently replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tulle.identity.authority import Authority
from tulle.identity.keys import key_pem, new_key, request
from tulle.identity.vault import INTERMEDIATE, ROOT, ROOT_KEY, AuthorityError
from tulle.kit.clock import ManualClock
from tulle.model.security import Identity

Open = Callable[[], Authority]
WEB = Identity("mesh.test", "shop", "web")
DAY = 24 * 3600.0


@pytest.fixture
def ca(opened: Open, tmp_path: Path) -> Path:
    opened()
    return tmp_path / "ca"


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_only_the_owner_can_read_anything(ca: Path) -> None:
    assert ca.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in ca.iterdir()} == dict.fromkeys(
        (ROOT, ROOT_KEY, INTERMEDIATE), 0o600
    )


@pytest.mark.parametrize("name", [ROOT, ROOT_KEY, INTERMEDIATE])
def test_a_half_made_authority_is_said_and_left_alone(opened: Open, ca: Path, name: str) -> None:
    (ca / name).unlink()
    before = content(ca)
    with pytest.raises(AuthorityError, match=f"is incomplete: {name} missing"):
        opened()
    assert content(ca) == before


def test_an_empty_directory_is_not_filled(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    with pytest.raises(AuthorityError, match="is incomplete"):
        opened()


@pytest.mark.parametrize("name", [ROOT_KEY, INTERMEDIATE])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(opened: Open, ca: Path, name: str, mode: int) -> None:
    (ca / name).chmod(mode)
    with pytest.raises(AuthorityError, match=rf"{name} can be read by other users \(mode 0{mode:o}\).*chmod 600"):
        opened()


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        (ROOT, b"rubbish", "holds no certificate"),
        (INTERMEDIATE, b"", "holds no certificate"),
        (ROOT_KEY, b"rubbish", "holds not an unencrypted private key"),
        (ROOT_KEY, key_pem(new_key()), "holds a key that is not the one of root.pem"),
    ],
)
def test_damage_is_said_and_left_alone(opened: Open, ca: Path, name: str, damage: bytes, sentence: str) -> None:
    (ca / name).write_bytes(damage)
    with pytest.raises(AuthorityError, match=rf"{name} {sentence}.*; restore the directory from a copy"):
        opened()
    assert (ca / name).read_bytes() == damage


def test_a_leaf_in_the_place_of_an_issuer_is_refused(opened: Open, ca: Path) -> None:
    key = new_key()
    leaf = opened().sign(request(key), WEB, 60)
    (ca / INTERMEDIATE).write_bytes(leaf + key_pem(key))
    with pytest.raises(AuthorityError, match="holds no certificate of an authority"):
        opened()


def test_an_intermediate_of_another_root_is_refused(opened: Open, ca: Path, tmp_path: Path, clock: ManualClock) -> None:
    Authority.open(tmp_path / "other", trust_domain="mesh.test", clock=clock)
    shutil.copy(tmp_path / "other" / INTERMEDIATE, ca / INTERMEDIATE)
    with pytest.raises(AuthorityError, match=f"{INTERMEDIATE} was not issued by {ROOT}"):
        opened()


def test_an_expired_root_is_said(opened: Open, ca: Path, clock: ManualClock) -> None:
    clock.advance(3651 * DAY)
    with pytest.raises(AuthorityError, match="has expired"):
        opened()


def test_a_full_disk_leaves_no_half_made_authority(opened: Open, tmp_path: Path) -> None:
    real = __import__("tulle.kit.files").kit.files.write_atomically

    def write(path: Path, data: bytes) -> None:
        if path.name == INTERMEDIATE:
            raise OSError(28, "No space left on device")
        real(path, data)

    with patch("tulle.identity.vault.write_atomically", write), pytest.raises(OSError, match="No space left"):
        opened()
    assert list(tmp_path.iterdir()) == []
    opened()


def test_a_leftover_of_a_crash_is_in_nobodys_way(opened: Open, tmp_path: Path) -> None:
    import os

    (tmp_path / f".ca.{os.getpid()}.tmp").mkdir()
    opened()
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_a_renewal_that_cannot_be_stored_is_tried_again_while_the_old_intermediate_is_good(
    authority: Authority, clock: ManualClock
) -> None:
    csr = request(new_key())
    old = authority.sign(csr, WEB, 60)
    clock.advance(300 * DAY)
    full = patch("tulle.identity.vault.write_atomically", side_effect=OSError(28, "No space left on device"))
    with full:
        assert authority.sign(csr, WEB, 60).endswith(old[-200:])
    with full, pytest.raises(OSError, match="No space left"):
        clock.advance(66 * DAY)
        authority.sign(csr, WEB, 60)
    assert authority.bundle.verify(authority.sign(csr, WEB, 60), clock.now()) == WEB


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([ROOT, ROOT_KEY, INTERMEDIATE]), st.integers(0, 5000), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed_or_is_repaired_by_replacing(
    opened: Open, ca: Path, name: str, position: int, difference: int
) -> None:
    original = (ca / name).read_bytes()
    pem = bytearray(original)
    pem[position % len(pem)] ^= difference
    (ca / name).write_bytes(bytes(pem))
    root = x509.load_pem_x509_certificate(original if name == ROOT else (ca / ROOT).read_bytes())
    try:
        # Bytes around the armour of PEM mean nothing; what was read must then be what was there.
        same = opened()
        assert x509.load_pem_x509_certificate(same.bundle.pem).public_bytes(Encoding.DER) == root.public_bytes(
            Encoding.DER
        )
    except AuthorityError:
        pass
    assert (ca / name).read_bytes() == bytes(pem)
    (ca / name).write_bytes(original)
