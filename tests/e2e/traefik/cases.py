"""Cases as written in `cases/<topic>.yaml`: configuration of Traefik, servers behind it, requests, expectations.

    - name: path-is-exact
      rules: {one: "Path(`/a`)"}
      steps:
        - {send: GET /a, by: one}
        - {send: GET /a/, status: 404}

`rules` is short for routers of these names with services of these names, which have all `middlewares`. `config` is
everything else: static and dynamic configuration together, a mapping or (word for word, for a gateway of its own) text
in YAML or TOML. What every case would repeat is made when it is missing: the entry point `web`, and a service of the
name of each backend. README.md has the whole format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from shutil import which
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("cases")
SHARED_STATIC = frozenset(("entryPoints",))
"""Static configuration that cases in one gateway can have each for itself."""
GLOBAL_TLS = frozenset(("stores",))
SENDS = ("send", "digest", "raw", "grpc", "websocket", "tcp", "udp", "set", "change", "wait")
QUIET = ("set", "change", "wait")
"""Those after which nobody answers."""
"""What a step can do; each has exactly one of them."""
USUAL = {"grpc": 0, "websocket": 101}
"""Statuses that are expected where nothing is said, beside 200."""
OF_ANSWERS = ("status", "by", "body", "like", "size", "unpacked", "json", "headers", "saw", "certificate")
EXPECTATIONS = (*OF_ANSWERS, "within", "flows", "note", "shares", "same", "calls", "last")
HOW = ("at", "host", "with", "text", "bytes", "chunked", "protocol", "tls", "sent", "patience", "user", "password")
"""What is sent; `with` are headers, `text` or `bytes` (their number) the body."""
OPTIONS = (*HOW, "times", "together", "session", "eventually", "ignore")


@dataclass(frozen=True)
class Step:
    """One thing to do, and what has to come of it."""

    kind: str
    what: Any
    options: dict[str, Any] = field(default_factory=dict)
    expect: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] | None = None
    """What is expected of ours instead, where it is knowingly different; `{}` expects nothing."""

    @property
    def times(self) -> int:
        return int(self.options.get("times", 1))

    def __str__(self) -> str:
        more = ", ".join(f"{name}: {value}" for name, value in self.options.items())
        return f"{self.kind} {str(self.what)[:200]}{f' ({more})' if more else ''}"


@dataclass(frozen=True)
class Case:
    """One behaviour."""

    name: str
    topic: str = ""
    config: Any = None
    rules: dict[str, str] = field(default_factory=dict)
    middlewares: dict[str, Any] = field(default_factory=dict)
    """Of all routers of `rules`, in this order."""
    backends: dict[str, dict[str, Any]] = field(default_factory=dict)
    certificates: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    ignore: tuple[str, ...] = ()
    """Names of headers that are not compared."""
    differs: str = ""
    """Why ours is knowingly different."""
    alone: bool = False
    """Whether it needs a gateway of its own; known by itself from static configuration."""
    needs: str = ""
    """A program without which it cannot run."""
    broken: bool = False
    """Whether a gateway cannot load the dynamic configuration: nobody waits for it."""

    @property
    def id(self) -> str:
        return f"{self.topic}/{self.name}"

    @property
    def changes(self) -> bool:
        """Whether its configuration changes, by which all counters begin anew, also those of others beside it."""
        return any(step.kind == "change" for step in self.steps)

    @property
    def is_alone(self) -> bool:
        """Whether sharing a gateway would change what the configuration means."""
        config = self.config or {}
        if self.alone or self.broken or isinstance(config, str):
            return True
        static = {name for name in config if name not in ("http", "tcp", "udp", "tls")}
        tls = config.get("tls", {})
        return bool(static - SHARED_STATIC or GLOBAL_TLS & tls.keys() or "default" in tls.get("options", {}))


def topics() -> list[str]:
    """Names of all files with cases, in the order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def cases_of(topic: str, name: str = "") -> list[Case]:
    """The cases of a file, or those whose name begins so."""
    written = yaml.safe_load((FOLDER / f"{topic}.yaml").read_text())
    found = [case for case in (read_case(topic, each) for each in written) if not case.needs or which(case.needs)]
    names = [each.name for each in found]
    assert len(set(names)) == len(names), f"{topic}: a name is there twice: {names}"
    return [each for each in found if each.name == name] or [each for each in found if each.name.startswith(name)]


def read_case(topic: str, written: dict[str, Any]) -> Case:
    """A case; a word that nobody knows is an error."""
    known = {each.name for each in fields(Case)} - {"topic"}
    assert not written.keys() - known, f"{topic}: {written.get('name')}: unknown {sorted(written.keys() - known)}"
    name = written["name"]
    assert re.fullmatch(r"[a-z0-9-]+", name), f"{topic}: {name!r} is no name"
    values = {
        **written,
        "topic": topic,
        "steps": tuple(_steps(f"{topic}/{name}", written.get("steps", ()))),
        "ignore": tuple(written.get("ignore", ())),
        "backends": _backends(written),
    }
    return Case(**values)


def _backends(written: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A list of names is short for backends that just tell what they saw; none at all are those of the rules."""
    found = written.get("backends")
    if found is None:
        found = list(written.get("rules", {})) or ["one"]
    if isinstance(found, list):
        return {each: {} for each in found}
    return {name: spec or {} for name, spec in found.items()}


def _steps(where: str, written: list[dict[str, Any]]) -> Iterator[Step]:
    for each in written:
        kinds = [kind for kind in SENDS if kind in each]
        assert len(kinds) == 1, f"{where}: a step does one of {SENDS}: {each}"
        unknown = each.keys() - {*kinds, "ours", *EXPECTATIONS, *OPTIONS}
        assert not unknown, f"{where}: unknown {sorted(unknown)}"
        expect = {name: each[name] for name in EXPECTATIONS if name in each}
        expect = expect or {"status": USUAL.get(kinds[0], 200)}
        options = {name: each[name] for name in OPTIONS if name in each}
        yield Step(kinds[0], each[kinds[0]], options, expect, each.get("ours"))
