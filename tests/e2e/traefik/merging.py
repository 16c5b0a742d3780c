"""One configuration of many cases: every name gets the name of its case before it, wherever it is written."""

from __future__ import annotations

import copy
from typing import Any

from tests.e2e.traefik.cases import Case

Tree = dict[str, Any]
KINDS = {"http": "url", "tcp": "address", "udp": "address"}
PROTOCOLS = {"tcp": "tcp", "tls": "tcp", "udp": "udp"}
"""Sections for backends of these kinds; all others are of HTTP."""


def complete(case: Case) -> Tree:
    """The configuration of a case, with what is made when it is missing. Words are not filled yet."""
    config: Tree = copy.deepcopy(case.config or {})
    entries = config.setdefault("entryPoints", {"web": {}})
    for name, entry in list(entries.items()):
        entries[name] = {"address": f"127.0.0.1:{{{name}}}", **(entry or {})}
    for name, rule in case.rules.items():
        routers = config.setdefault("http", {}).setdefault("routers", {})
        chain = {"middlewares": list(case.middlewares)} if case.middlewares else {}
        routers[name] = {"rule": rule, "service": name, **chain, **routers.get(name, {})}
    for name, middleware in case.middlewares.items():
        config["http"].setdefault("middlewares", {})[name] = copy.deepcopy(middleware)
    for name, spec in case.backends.items():
        section = PROTOCOLS.get(spec.get("kind", "http"), "http")
        services = config.setdefault(section, {}).setdefault("services", {})
        server = {KINDS[section]: f"{{{name}.{KINDS[section]}}}"}
        services.setdefault(name, {"loadBalancer": {"servers": [server]}})
    return config


def entries_of(config: Tree) -> dict[str, bool]:
    """Entry points, and whether they are for UDP."""
    return {name: str(entry.get("address", "")).endswith("/udp") for name, entry in config["entryPoints"].items()}


def split(config: Tree) -> tuple[Tree, Tree]:
    """Static and dynamic configuration."""
    dynamic: Tree = {name: config[name] for name in ("http", "tcp", "udp", "tls") if name in config}
    return {name: value for name, value in config.items() if name not in dynamic}, dynamic


def renamed(prefix: str, config: Tree) -> Tree:
    """The configuration in a world of its own; routers that name no entry point get those of the case."""
    return Renaming(prefix, entries_of(config)).config(config)


class Renaming:
    """Puts a prefix before each name."""

    def __init__(self, prefix: str, entries: dict[str, bool]) -> None:
        self.prefix = prefix
        self.entries = entries

    def name(self, name: str) -> str:
        """`@file` and no provider are the same here; what is built in, keeps its name."""
        return name if name.endswith("@internal") else self.prefix + name

    def names(self, tree: Tree, *fields: str) -> None:
        """Rename in fields with one name or many."""
        for field in fields:
            if isinstance(tree.get(field), list):
                tree[field] = [self.name(each) for each in tree[field]]
            elif field in tree:
                tree[field] = self.name(tree[field])

    def config(self, config: Tree) -> Tree:
        """All of it."""
        found: Tree = {"entryPoints": {self.name(n): self.entry(e) for n, e in config["entryPoints"].items()}}
        for section in KINDS:
            for kind, objects in config.get(section, {}).items():
                change = {"routers": self.router, "services": self.service, "middlewares": self.middleware}.get(kind)
                for name, each in objects.items():
                    if change is not None and isinstance(each, dict):
                        change(each, section)
                    found.setdefault(section, {}).setdefault(kind, {})[self.name(name)] = each
        tls = config.get("tls", {})
        if tls.get("options"):
            found.setdefault("tls", {})["options"] = {self.name(n): each for n, each in tls["options"].items()}
        if tls.get("certificates"):
            found.setdefault("tls", {})["certificates"] = tls["certificates"]
        return found

    def entry(self, entry: Tree) -> Tree:
        http = entry.get("http", {})
        self.names(http, "middlewares")
        if isinstance(http.get("tls"), dict):
            self.names(http["tls"], "options")
        target = http.get("redirections", {}).get("entryPoint", {})
        if not str(target.get("to", ":")).startswith(":"):
            self.names(target, "to")
        return entry

    def router(self, router: Tree, section: str) -> None:
        if "parentRefs" not in router:
            router.setdefault("entryPoints", [n for n, udp in self.entries.items() if udp == (section == "udp")])
        self.names(router, "entryPoints", "service", "middlewares", "parentRefs")
        if isinstance(router.get("tls"), dict) and router["tls"].get("options") != "default":
            self.names(router["tls"], "options")

    def service(self, service: Tree, _: str) -> None:
        self.names(service, "middlewares")
        for kind in service.values():
            if not isinstance(kind, dict):
                continue
            self.names(kind, "service", "fallback", "serversTransport")
            for each in [*kind.get("services", ()), *kind.get("mirrors", ())]:
                self.names(each, "name")

    def middleware(self, middleware: Tree, _: str) -> None:
        self.names(middleware.get("chain", {}), "middlewares")
        self.names(middleware.get("errors", {}), "service")
