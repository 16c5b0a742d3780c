"""How often somebody may ask."""

from __future__ import annotations

from math import ceil
from typing import Any

from tulle.envoy.edge_replies import UNTYPED
from tulle.envoy.steps import consulted
from tulle.envoy.steps.clients import client
from tulle.envoy.steps.parts import Native, Operation, Part, Where, Work
from tulle.envoy.steps.paths import NOTES
from tulle.model import steps

MOST_CLIENTS = 65_536
"""Of which there are counts; those who were not seen for the longest time are forgotten."""
SHORTEST = 0.05
"""Seconds between two fillings of a bucket, for Envoy."""
NOBODY = "-"
ALWAYS = {"default_value": {"numerator": 100}, "runtime_key": "tulle.rate"}
LARGEST = 2**32 - 1


def rate(step: steps.LimitRate, where: Where) -> tuple[Part, ...]:
    """By Envoy itself, unless it takes more than it knows: a count with others, which other routes are, or networks of
    clients.

    It never holds a request back for a moment, as Traefik does; and it says how long it takes for one more request,
    not how long for the next.
    """
    if not step.average:
        return ()
    address = step.by.address
    if where.is_split or step.redis is not None or (address is not None and address.ipv6_bits is not None):
        return consulted.rate(step, where)
    source: Operation = {"op": "note_client", "note": f"{where.note}-client", "by": _by(step.by)}
    is_peer = source["by"] == {"kind": "peer"}
    limit = Native(({"name": f"rate-{where.note}", "typed_config": _limit(step, where)},), headers=frozenset())
    return Work(request=(source,), headers=frozenset() if is_peer else None), limit


def _by(by: steps.SameClient) -> Operation:
    if by.address is not None:
        return client(by.address)
    return {"kind": "header", "header": by.header.lower() if by.header else ":authority"}


def _limit(step: steps.LimitRate, where: Where) -> dict[str, Any]:
    key = {"key": NOTES, "path": [{"key": f"{where.note}-client"}]}
    action = {"metadata": {"descriptor_key": "client", "metadata_key": key, "default_value": NOBODY}}
    wait = step.period / step.average
    said = {UNTYPED: "yes", "Retry-After": str(ceil(wait)), "X-Retry-In": duration(wait)}
    return {
        "@type": f"{consulted.TYPE}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "rate",
        "token_bucket": {"max_tokens": LARGEST, "tokens_per_fill": LARGEST, "fill_interval": "1s"},
        "filter_enabled": ALWAYS,
        "filter_enforced": ALWAYS,
        "response_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in said.items()
        ],
        "rate_limits": [{"actions": [action]}],
        "descriptors": [{"entries": [{"key": "client"}], "token_bucket": _bucket(step)}],
        "max_dynamic_descriptors": MOST_CLIENTS,
    }


def _bucket(step: steps.LimitRate) -> dict[str, Any]:
    """Filled with whole tokens, not too often."""
    wait = step.period / step.average
    tokens = min(max(1, ceil(SHORTEST / wait)), LARGEST)
    interval = max(tokens * wait, SHORTEST)
    return {
        "max_tokens": min(max(step.burst, 1), LARGEST),
        "tokens_per_fill": tokens,
        "fill_interval": f"{interval:.9f}s",
    }


def duration(seconds: float) -> str:
    """As Go writes it: `1m30s`, `1.5s`, `250ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
