"""A real Traefik that reads labels, and what it makes of them: the oracle for sources of labels."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tulle.kit.ports import Ports
from tulle.model.documents import Document

Shape = dict[str, dict[str, Any]]
"""Kinds (`routers`, `tcpServices`, …), names, and what counts: rules, services, servers."""
PATIENCE = 20.0
_KINDS = {"http": "", "tcp": "tcp", "udp": "udp"}


@dataclass(frozen=True, slots=True)
class LabelledTraefik:
    api: int
    provider: str

    def raw(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/api/rawdata", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    async def shape_now(self) -> Shape:
        """What it has; nothing while it is not there yet."""
        try:
            return _shown(await asyncio.to_thread(self.raw), self.provider)
        except (urllib.error.URLError, ConnectionError):
            return {}

    async def shape(self, until: str) -> Shape:
        """What it has, as soon as it has this router."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                found = await asyncio.to_thread(self.raw)
                if f"{until}@{self.provider}" in found.get("routers", {}):
                    return _shown(found, self.provider)
            except (urllib.error.URLError, ConnectionError):
                pass
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"Traefik never had the router {until}")
            await asyncio.sleep(0.05)


def _shown(raw: Mapping[str, Any], provider: str) -> Shape:
    shape: Shape = {}
    for kind in (name for prefix in _KINDS.values() for name in _names(prefix)):
        for name, value in raw.get(kind, {}).items():
            short, _, whose = name.partition("@")
            if whose == provider:
                shape.setdefault(kind, {})[short] = _counts(kind, value)
    return shape


def _names(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{kind.title()}" if prefix else kind for kind in ("routers", "services", "middlewares"))


def _counts(kind: str, value: Any) -> Any:
    lowered = {key.lower(): inner for key, inner in value.items()}
    if kind.lower().endswith("routers"):
        return lowered.get("rule", ""), lowered.get("service", "").partition("@")[0]
    if kind.lower().endswith("services"):
        balancer = {key.lower(): inner for key, inner in lowered.get("loadbalancer", {}).items()}
        servers = balancer.get("servers") or []
        return sorted(each.get("url") or each.get("address") or "" for each in servers)
    return True


def said(documents: Iterable[Document]) -> Shape:
    """The same of documents of ours."""
    return shape_of(document.data for document in documents)


def shape_of(contents: Iterable[Mapping[str, Any]]) -> Shape:
    """The same of their contents."""
    shape: Shape = {}
    for content in contents:
        for section, kinds in content.items():
            for kind, entries in kinds.items() if section in _KINDS else ():
                name = f"{_KINDS[section]}{kind.title()}" if _KINDS[section] else kind
                for key, value in entries.items():
                    shape.setdefault(name, {})[key] = _counts(name, value)
    return {kind: entries for kind, entries in shape.items() if entries}


@asynccontextmanager
async def traefik(folder: Path, provider: str, *options: str) -> AsyncIterator[LabelledTraefik]:
    """A Traefik with one provider."""
    with closing(Ports()) as ports:
        api, web = ports.choose(), ports.choose()
    program = str(Path(sys.executable).parent / "traefik")
    static = [
        "--api.insecure=true",
        f"--entrypoints.traefik.address=127.0.0.1:{api}",
        f"--entrypoints.web.address=127.0.0.1:{web}",
        "--providers.providersThrottleDuration=20ms",
    ]
    with (folder / "traefik.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(program, *static, *options, stdout=log, stderr=log)
        try:
            yield LabelledTraefik(api, provider)
        finally:
            process.kill()
            await process.wait()
