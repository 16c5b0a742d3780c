"""Passwords as `htpasswd` keeps them: bcrypt, MD5 (`$apr1$`, `$1$`) and SHA-1. Pure.

Anything else is nobody's password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import bcrypt

SHA = "{SHA}"
BCRYPT = ("$2a$", "$2b$", "$2x$", "$2y$")
LONGEST = 72
"""Bytes of a password that bcrypt looks at."""
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def is_slow(stored: str) -> bool:
    """Whether it takes long enough to verify a password that others should not wait for it."""
    return not stored.startswith(SHA)


def matches(stored: str, password: bytes) -> bool:
    """Whether this is the hash of that password. Takes as long for a wrong one."""
    if stored.startswith(SHA):
        digest = base64.b64encode(hashlib.sha1(password, usedforsecurity=False).digest())
        return hmac.compare_digest(stored.removeprefix(SHA).encode(), digest)
    if stored.startswith(BCRYPT):
        try:
            return bcrypt.checkpw(password[:LONGEST], stored.encode())
        except ValueError:
            return False
    parts = stored.split("$", 3)
    if len(parts) != 4:
        return False
    return hmac.compare_digest(stored.encode(), md5_crypt(password, parts[2], f"${parts[1]}$").encode())


def md5_crypt(password: bytes, salt: str, magic: str) -> str:
    """As `crypt` of FreeBSD and `htpasswd` of Apache write it, which differ in the magic word only."""
    salted = salt.encode()
    inner = _md5(password + salted + password)
    text = password + magic.encode() + salted
    text += (inner * (len(password) // 16 + 1))[: len(password)]
    bits = len(password)
    while bits:
        text += b"\0" if bits & 1 else password[:1]
        bits >>= 1
    digest = _md5(text)
    for turn in range(1000):
        first, last = (password, digest) if turn & 1 else (digest, password)
        digest = _md5(first + (salted if turn % 3 else b"") + (password if turn % 7 else b"") + last)
    return f"{magic}{salt}${_written(digest)}"


def _written(digest: bytes) -> str:
    triples = [(digest[at], digest[at + 6], digest[at + 12 if at < 4 else 5]) for at in range(5)]
    groups = [((a << 16) | (b << 8) | c, 4) for a, b, c in triples] + [(digest[11], 2)]
    return "".join(_ALPHABET[(value >> 6 * at) & 0x3F] for value, length in groups for at in range(length))


def _md5(text: bytes) -> bytes:
    return hashlib.md5(text, usedforsecurity=False).digest()
