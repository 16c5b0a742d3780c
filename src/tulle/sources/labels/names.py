"""Names and flags as Traefik writes and reads them. Pure."""

from __future__ import annotations

from itertools import groupby

_FLAGS = {
    word: flag
    for flag, words in ((True, "1 t T true TRUE True"), (False, "0 f F false FALSE False"))
    for word in words.split()
}


def normalized(name: str) -> str:
    """A name in which everything but letters and digits is a hyphen: `/shop_web.1` is `shop-web-1`."""
    parts = groupby(name, lambda each: each.isalpha() or each.isnumeric())
    return "-".join("".join(part) for is_kept, part in parts if is_kept)


def flag(text: str) -> bool | None:
    """What a text says as a flag; None if it is none."""
    return _FLAGS.get(text)


def joined(host: str, port: str) -> str:
    """Host and port; an address of IPv6 gets its brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
