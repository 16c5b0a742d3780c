from __future__ import annotations

import pytest

from tulle.runtime import http2

HEADERS, DATA, SETTINGS = 1, 0, 4


def frame(kind: int, payload: bytes, flags: int = 4) -> tuple[bytes, bytes]:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + (1).to_bytes(4, "big"), payload


def test_request_is_a_preface_settings_and_one_complete_header_block() -> None:
    sent = http2.get("/ready")
    assert sent.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
    headers = sent[33:]
    assert http2.payload_size(headers) == len(headers) - 9
    assert headers[3:5] == b"\x01\x05" and b"\x04\x06/ready" in headers


def test_long_path_is_encoded_with_its_length() -> None:
    path = "/" + "x" * 399
    # 400 = 127 + 273, and 273 = 0b10_0010001 in groups of seven bits.
    assert b"\x04\x7f\x91\x02" + path.encode() in http2.get(path)


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (b"\x88", 200),
        (b"\x89rest", 204),
        (b"\x8d", 404),
        (b"\x20\x88", 200),
        (b"\x3f\xe1\x1f\x88", 200),
        (b"\x48\x03302", 302),
        (b"\x08\x03503", 503),
        (b"\x48\x82\x64\x02", 302),
        (b"\x48\x82\x10\x03", 201),
        (b"\x48\x83\x69\xd7\xbf", 478),
    ],
)
def test_status_in_every_form_that_hpack_has(block: bytes, status: int) -> None:
    assert http2.status(*frame(HEADERS, block)) == status


@pytest.mark.parametrize("block", [b"", b"\x82", b"\x41\x01x", b"\x48\x02ok", b"\x48", b"\x3f\xff"])
def test_what_is_no_answer_is_not_understood(block: bytes) -> None:
    with pytest.raises(ValueError):
        http2.status(*frame(HEADERS, block))


@pytest.mark.parametrize("kind", [DATA, SETTINGS])
def test_other_frames_bring_no_status(kind: int) -> None:
    assert http2.status(*frame(kind, b"\x88")) is None


def test_padding_and_priority_are_skipped() -> None:
    assert http2.status(*frame(HEADERS, b"\x02" + b"\0\0\0\0\x10" + b"\x88" + b"\0\0", flags=0x2C)) == 200
