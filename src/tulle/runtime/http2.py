"""As much of HTTP/2 as a probe needs: one GET, and the status of its answer. Pure; no HTTP/2 library, no connection."""

from __future__ import annotations

from tulle.kit.header_integers import integer

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADERS, _SETTINGS = 1, 4
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
"""The static table of HPACK (RFC 7541, appendix A); all of these entries have the name `:status`."""
_DIGITS = {
    **{f"{code:05b}": digit for code, digit in enumerate("012")},
    **{f"{code:06b}": digit for code, digit in enumerate("3456789", start=0b011001)},
}
"""The Huffman codes of digits (RFC 7541, appendix B); a status has nothing else."""


def get(path: str) -> bytes:
    """Everything that a client sends for one GET, from the first byte of the connection on."""
    block = b"\x82\x86" + _literal(4, path) + _literal(1, "localhost") + _literal(58, "tulle-probe")
    return _PREFACE + _frame(_SETTINGS, 0, 0, b"") + _frame(_HEADERS, _END_STREAM | _END_HEADERS, 1, block)


def payload_size(header: bytes) -> int:
    """Bytes that follow the nine of a frame header."""
    return int.from_bytes(header[:3], "big")


def status(header: bytes, payload: bytes) -> int | None:
    """The status in a frame, if it is the one that brings it.

    Raises:
        ValueError: it is, but it cannot be understood.
    """
    kind, flags = header[3], header[4]
    if kind != _HEADERS:
        return None
    if flags & _PADDED:
        payload = payload[1:]
    if flags & _PRIORITY:
        payload = payload[5:]
    try:
        return _first_status(payload)
    except (IndexError, KeyError) as error:
        raise ValueError("not the header block of an answer") from error


def _first_status(block: bytes) -> int:
    """`:status` stands first in an answer, but for changes of the table's size (RFC 9113 §8.3, RFC 7541 §4.2)."""
    at = 0
    while block[at] & 0xE0 == 0x20:
        _, at = integer(block, at, 5)
    if block[at] & 0x80:
        return _STATUSES[block[at] & 0x7F]
    name, at = integer(block, at, 6 if block[at] & 0x40 else 4)
    if name not in _STATUSES:
        raise ValueError("the first field is not :status")
    is_huffman = bool(block[at] & 0x80)
    length, at = integer(block, at, 7)
    value = block[at : at + length]
    return int(_huffman_digits(value) if is_huffman else value)


def _huffman_digits(value: bytes) -> str:
    digits, code = "", ""
    for bit in "".join(f"{byte:08b}" for byte in value):
        code += bit
        if code in _DIGITS:
            digits, code = digits + _DIGITS[code], ""
    return digits


def _literal(name: int, value: str) -> bytes:
    """A field whose name is in the static table, not indexed and not compressed."""
    encoded = value.encode()
    head = bytes((name,)) if name < 15 else bytes((15, name - 15))
    size = bytes((len(encoded),)) if len(encoded) < 127 else b"\x7f" + _more(len(encoded) - 127)
    return head + size + encoded


def _more(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
