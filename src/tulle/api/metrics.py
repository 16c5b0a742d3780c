"""What gateways count of the requests of entry points, as Traefik 3.7 tells it to Prometheus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tulle.clients.envoy_admin import exchange
from tulle.flow.state import ProxyState

QUESTION = "/stats/prometheus?filter=^traefik[.]"
PATIENCE = 3.0
"""Seconds for the answer of one gateway."""
MICROSECONDS = 1_000_000
_TYPE = re.compile(r"# TYPE envoy_(traefik_\w+) (\w+)")
_SERIES = re.compile(r"envoy_(traefik_\w+)(?:\{(.*)\})? (\S+)")
_BOUND = re.compile(r'le="([0-9.e+]+)"')


async def told(proxies: Iterable[ProxyState]) -> str:
    """The numbers of all gateways of this host together."""
    sockets = [each.admin.removeprefix("unix:") for each in proxies if each.role == "gateway" and each.admin]
    return merged(await asyncio.gather(*(_asked(Path(each)) for each in sockets)))


async def _asked(socket: Path) -> str:
    """Nothing, if it does not answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await exchange(socket, "GET", QUESTION)
    except (OSError, ValueError, asyncio.IncompleteReadError):
        return ""


def merged(pages: Iterable[str]) -> str:
    """What several gateways say, added up."""
    kinds: dict[str, str] = {}
    series: dict[str, dict[str, float]] = {}
    for page in pages:
        for line in page.splitlines():
            if found := _TYPE.fullmatch(line):
                kinds[found[1]] = found[2]
            elif found := _SERIES.fullmatch(line):
                name, labels, value = _in_seconds(found[1], found[2] or "", float(found[3]))
                values = series.setdefault(_family(name, kinds), {})
                values[f"{name}{{{labels}}}"] = values.get(f"{name}{{{labels}}}", 0) + value
    return "".join(f"{line}\n" for line in _lines(kinds, series))


def _lines(kinds: dict[str, str], series: dict[str, dict[str, float]]) -> Iterator[str]:
    for family in sorted(series):
        yield f"# TYPE {family} {kinds.get(family, 'untyped')}"
        yield from (f"{name} {value:.17g}" for name, value in series[family].items())


def _family(name: str, kinds: dict[str, str]) -> str:
    return next((each for each in (name, name.rpartition("_")[0]) if each in kinds), name)


def _in_seconds(name: str, labels: str, value: float) -> tuple[str, str, float]:
    """Durations are counted in microseconds."""
    if name.endswith("_seconds_bucket"):
        return name, _BOUND.sub(lambda bound: f'le="{float(bound[1]) / MICROSECONDS:g}"', labels), value
    return name, labels, value / MICROSECONDS if name.endswith("_seconds_sum") else value
