"""The smallest plugin that does something: a WebAssembly module that adds a header to requests, made of bytes."""

from __future__ import annotations

I32, NOTHING = b"\x7f", b""
SIGNATURES = (
    (b"", NOTHING),
    (I32, I32),
    (I32 * 2, NOTHING),
    (I32 * 2, I32),
    (I32 * 3, I32),
    (I32 * 5, I32),
)
END, CALL_FIRST, DROP = b"\x0b", b"\x10\x00", b"\x1a"


def header_adder(name: str, value: str) -> bytes:
    """A module for the ABI 0.2.1 of proxy-wasm; it appends `value` to the request header `name`."""
    key, text = name.encode(), value.encode()
    add = b"".join(map(_constant, (0, 0, len(key), 512, len(text)))) + CALL_FIRST + DROP + _constant(0)
    functions = (
        ("proxy_abi_version_0_2_1", 0, b""),
        ("malloc", 1, _constant(4096)),
        ("proxy_on_context_create", 2, b""),
        ("proxy_on_vm_start", 3, _constant(1)),
        ("proxy_on_configure", 3, _constant(1)),
        ("proxy_on_request_headers", 4, add),
    )
    imported = _text("env") + _text("proxy_add_header_map_value") + b"\x00\x05"
    exports = [_text("memory") + b"\x02\x00"]
    exports += [_text(export) + b"\x00" + _number(index) for index, (export, _, _) in enumerate(functions, 1)]
    bodies = [b"\x00" + body + END for _, _, body in functions]
    data = [b"\x00" + _constant(place) + END + _sized(content) for place, content in ((0, key), (512, text))]
    return b"\x00asm\x01\x00\x00\x00" + b"".join(
        (
            _section(1, [b"\x60" + _sized(taken) + _sized(given) for taken, given in SIGNATURES]),
            _section(2, [imported]),
            _section(3, [_number(signature) for _, signature, _ in functions]),
            _section(5, [b"\x00\x02"]),
            _section(7, exports),
            _section(10, [_sized(body) for body in bodies]),
            _section(11, data),
        )
    )


def _section(kind: int, entries: list[bytes]) -> bytes:
    return bytes((kind,)) + _sized(_number(len(entries)) + b"".join(entries))


def _constant(value: int) -> bytes:
    """`i32.const`; signed numbers need a bit more."""
    found = b""
    while value > 0x3F:
        found += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return b"\x41" + found + bytes((value,))


def _number(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return found + bytes((value,))


def _sized(content: bytes) -> bytes:
    return _number(len(content)) + content


def _text(text: str) -> bytes:
    return _sized(text.encode())
