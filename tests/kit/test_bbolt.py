"""Files of bbolt are read; damaged ones are told from good ones, and never end the reader."""

from __future__ import annotations

import random
import struct

import pytest

from tests.kit.bbolt_files import BIG, SMALL, TINY
from tulle.kit import bbolt
from tulle.kit.bbolt import BadFile, meta, pairs

BUCKET = b"traefik"


def values(data: bytes) -> dict[bytes, bytes]:
    """Without the number that the store puts before each."""
    return {key: value[8:] for key, value in pairs(data, BUCKET).items()}


def test_a_bucket_inside_of_a_page() -> None:
    assert values(TINY) == {b"/traefik/a": b"b"}


def test_a_bucket_with_a_page_of_its_own() -> None:
    assert values(SMALL)[b"/traefik/frontends/f1/routes/r1/rule"] == b"Host:shop.example.org;PathPrefixStrip:/api"
    assert len(values(SMALL)) == 6


def test_a_tree_and_a_value_of_several_pages() -> None:
    found = values(BIG)
    assert len(found) == 301
    assert found[b"/traefik/large"] == b"x" * 5000
    assert found[b"/traefik/backends/b123/servers/s/url"] == b"http://10.0.0.1:1123"


def test_no_such_bucket() -> None:
    assert pairs(SMALL, b"other") == {}


def test_the_newest_beginning_counts_and_a_damaged_one_does_not() -> None:
    first, second = (struct.unpack_from("<Q", SMALL, page * 4096 + 16 + 48)[0] for page in (0, 1))
    assert meta(SMALL).transaction == max(first, second)
    page = 0 if first > second else 1
    damaged = bytearray(SMALL)
    damaged[page * 4096 + 16 + 20] ^= 1
    assert meta(bytes(damaged)).transaction == min(first, second)


def test_a_damaged_first_page_leaves_the_second() -> None:
    assert meta(bytes(4096) + SMALL[4096:]).page_size == 4096


@pytest.mark.parametrize("data", [b"", b"text", bytes(100_000), SMALL[:60], b"\xff" * 70_000])
def test_what_is_no_such_file(data: bytes) -> None:
    with pytest.raises(BadFile, match="no file of BoltDB"):
        meta(data)


def test_files_that_end_too_early() -> None:
    told = 0
    for length in range(2048, len(BIG), 777):
        try:
            assert values(BIG[:length]) == values(BIG)  # Only free pages are missing.
        except BadFile as error:
            told += "damaged" in str(error)
    assert told > 40


def test_random_damage_is_told_or_harmless() -> None:
    chance = random.Random(7)
    for _ in range(400):
        data = bytearray(BIG if chance.random() < 0.5 else SMALL)
        for _ in range(chance.randrange(1, 9)):
            data[chance.randrange(8192, len(data))] = chance.randrange(256)
        try:
            pairs(bytes(data), BUCKET)
        except BadFile as error:
            assert str(error)


def test_a_tree_that_refers_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    root = meta(BIG).root
    data = bytearray(BIG)
    struct.pack_into("<QHHI", data, root * 1024, root, 1, 1, 0)
    struct.pack_into("<IIQ", data, root * 1024 + 16, 16, 0, root)
    with pytest.raises(BadFile, match="deeper"):
        pairs(bytes(data), BUCKET)
    struct.pack_into("<QHHI", data, root * 1024, root, 4, 1, 0)
    with pytest.raises(BadFile, match="no known kind"):
        pairs(bytes(data), BUCKET)
    monkeypatch.setattr(bbolt, "MOST", 100)
    with pytest.raises(BadFile, match="more than 100 entries"):
        pairs(BIG, BUCKET)


def test_a_bucket_without_a_beginning() -> None:
    data = bytearray(TINY)
    at = data.rindex(b"traefik" + bytes(8))
    root = meta(TINY).root
    struct.pack_into("<I", data, root * 4096 + 16 + 12, 3)  # The length of the value.
    assert at > root * 4096
    with pytest.raises(BadFile, match="no beginning"):
        pairs(bytes(data), BUCKET)
