"""Routers and what they are made of, one row for each: as the read interface of Traefik tells it, from what is
published now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from tulle.dialects.traefik.dialect import DIALECT
from tulle.dialects.traefik.spelling import spelt
from tulle.flow.edge import places, sticking
from tulle.model.documents import Document, Key
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routers import INTERNAL, PROVIDER, TCP, UDP, RouterState, Sticky

Row = dict[str, Any]
Rows = dict[str, Row]
PREFIXES = {"http": "", "tcp": TCP, "udp": UDP}
KINDS = ("routers", "services", "middlewares")
NO_STEPS = ("udp", "middlewares")
"""What there is nothing of."""
ORDER = (
    "", "entryPoints", "middlewares", "service", "rule", "parentRefs", "ruleSyntax", "priority", "tls", "observability",
    "error", "status", "usedBy", "using", "name", "provider", "type", "priorityStr", "serverStatus", "origin",
)  # fmt: skip
EVERYWHERE = "::"
ALWAYS = ("noop",)
"""Services that nobody has to ask for."""
OBSERVED = {"accessLogs": True, "metrics": True, "tracing": True, "traceVerbosity": "minimal"}
"""What is told of requests where nobody says anything."""
CHECKED = {"mode": "http", "interval": "30s", "timeout": "5s", "followRedirects": True}
USUAL: Mapping[str, Row] = {
    "loadBalancer": {"strategy": "wrr", "passHostHeader": True, "responseForwarding": {"flushInterval": "100ms"}},
    "mirroring": {"mirrorBody": True, "maxBodySize": -1},
    "circuitBreaker": {
        "checkPeriod": "100ms", "fallbackDuration": "10s", "recoveryDuration": "10s", "responseCode": 503,
    },
    "compress": {"encodings": ["gzip", "br", "zstd"]},
    "forwardAuth": {"maxBodySize": -1},
    "rateLimit": {"period": "1s", "burst": 1},
    "retry": {"maxRequestBodyBytes": 2 * 1024 * 1024},
}  # fmt: skip
"""What is told where nothing is written."""
HIDDEN, INSTEAD = frozenset(("clientsecret", "password", "secret", "signingsecret")), "xxxx"
"""What nobody can read here, who may read everything else; and what stands there."""


class Seen(Protocol):
    """What is looked at."""

    @property
    def mesh(self) -> Mesh:
        """What is published."""
        ...

    @property
    def documents(self) -> Sequence[Document]:
        """Every object as it was written."""
        ...


def rows(state: Seen, protocol: str, kind: str) -> Rows:
    """Everything of a kind, by `name@provider`, in the order of the names."""
    found: Rows = {}
    making = _Making(state, protocol)
    for part in state.documents:
        if part.key.kind == f"traefik/{protocol}-{kind.removesuffix('s')}" and part.key.name.namespace != INTERNAL:
            found[shown(part.key.name)] = making.row(part, kind)
    if protocol == "http" and kind == "services":
        found.update(making.services())
    if kind == "routers":
        for name, router in making.routers.items():
            found.setdefault(shown(name), _ordered(making.router({}, name, router)))
    return dict(sorted(found.items()))


def shown(name: Name) -> str:
    """`name@provider`."""
    return f"{name.name.removeprefix(TCP).removeprefix(UDP)}{name.namespace}"


class _Making:
    """Rows of one protocol."""

    def __init__(self, state: Seen, protocol: str) -> None:
        edge = state.mesh.edge
        self._protocol = protocol
        self._prefix = PREFIXES[protocol]
        self._mesh = state.mesh
        self._problems = problems(state)
        routers = edge.routers if edge is not None else {}
        self.routers = {name: each for name, each in routers.items() if _protocol(name) == protocol}
        known = {each.name: each for each in edge.points} if edge is not None else {}
        usual = places.points_for_all(known) if protocol != "udp" else [each for each in known.values() if each.is_udp]
        self._usual = [each.name.name for each in usual]
        self._known = {name.name for name in known}
        self._users = self._all_users()

    def row(self, part: Document, kind: str) -> Row:
        """What a part says, and what became of it."""
        name = Name(part.key.name.namespace, self._prefix + part.key.name.name)
        data = _data(part)
        row = self.router(data, name, self.routers.get(name)) if kind == "routers" else self._piece(data, name, kind)
        errors = self._problems.get((part.key.kind, shown(name)), [])
        state = self.routers.get(name) if kind == "routers" else None
        own = (*state.problems, *state.remarks) if state is not None else ()
        if errors or own:
            # What came later is wrong; what there was before still counts.
            is_used = not errors or self._is_used(name, kind)
            row["error"] = list(dict.fromkeys((*own, *errors)))
            row["status"] = "warning" if is_used and row["status"] != "disabled" else "disabled"
        return _ordered(row | {"origin": _place(part)})

    def _is_used(self, name: Name, kind: str) -> bool:
        edge = self._mesh.edge
        if edge is None or kind == "routers":
            return name in self.routers
        return name in edge.steps if kind == "middlewares" else name in edge.pools or name in edge.composed

    def router(self, data: Row, name: Name, state: RouterState | None) -> Row:
        """A router; `data` is what was written."""
        row = dict(data)
        row["status"] = "enabled" if state is not None and not state.problems else "disabled"
        written = _texts(row.get("entryPoints"))
        if using := self._points(written, state):
            row["using"] = using
        if self._protocol == "udp":
            return row | _named(name)
        if state is not None:
            row = {"rule": state.router.rule, **_service(state), **row, "priority": state.router.priority}
        elif row.get("rule"):
            priority = row.get("priority")
            row["priority"] = priority if isinstance(priority, int) and priority else len(str(row["rule"]).encode())
        row |= {"entryPoints": written or using, "priorityStr": str(row.get("priority", 0))}
        if steps := _texts(row.get("middlewares")):
            row["middlewares"] = [_qualified(each, name) for each in steps]
        if self._protocol == "http":
            row["observability"] = OBSERVED | _mapping(row.get("observability"))
            row |= {"tls": {"options": "default"} | _mapping(row["tls"])} if "tls" in row else {}
        return row | _named(name)

    def _points(self, written: list[str], state: RouterState | None) -> list[str]:
        """Where its requests come in, or would come in."""
        if state is not None:
            return list(state.points)
        return [each for each in written if each in self._known] if written else self._usual

    def services(self) -> Iterator[tuple[str, Row]]:
        """Those that nobody writes."""
        edge = self._mesh.edge
        found = {name.name for name in (edge.composed if edge is not None else ()) if name.namespace == INTERNAL}
        for word in (*sorted(found), *ALWAYS):
            name = Name(INTERNAL, word)
            yield shown(name), {"status": "enabled", **self._used(name, "services"), **_named(name)}

    def _piece(self, data: Row, name: Name, kind: str) -> Row:
        """A service or a middleware."""
        word = next((key for key in data if key != "middlewares"), "")
        content = data.get(word)
        usual = USUAL.get(word, {}) if self._protocol == "http" or word != "loadBalancer" else {}
        if isinstance(content, dict):
            data = data | {word: _completed(usual | content, word, name)}
        row: Row = {
            **_without_secrets(data),
            "status": "enabled",
            **self._used(name, kind),
            **_named(name),
            "type": word.lower(),
        }
        pool = self._mesh.edge.pools.get(name) if self._mesh.edge is not None else None
        if pool is not None and kind == "services" and self._protocol != "udp":
            row["serverStatus"] = dict.fromkeys(pool.urls or pool.authorities, "UP")
        return row

    def _used(self, name: Name, kind: str) -> Row:
        users = self._users.get((kind, shown(name)))
        return {"usedBy": sorted(users)} if users else {}

    def _all_users(self) -> dict[tuple[str, str], set[str]]:
        """By services and middlewares: the routers that name them."""
        found: dict[tuple[str, str], set[str]] = {}
        for name, state in self.routers.items():
            named = [("middlewares", each.name) for each in state.router.steps]
            if state.router.service is not None:
                named.append(("services", state.router.service.name))
            for kind, each in named:
                found.setdefault((kind, shown(each)), set()).add(shown(name))
        return found


def statuses(seen: Seen) -> dict[Key, Row]:
    """What became of routers, services and middlewares, as `status` of objects has it."""
    found = {}
    for protocol in PREFIXES:
        for kind in KINDS:
            for name, row in rows(seen, protocol, kind).items():
                own, _, provider = name.rpartition(PROVIDER)
                key = Key(f"traefik/{protocol}-{kind.removesuffix('s')}", Name(f"{PROVIDER}{provider}", own))
                found[key] = _status(row)
    return found


def _status(row: Row) -> Row:
    is_used, message = row["status"] != "disabled", "; ".join(row.get("error", ()))
    conditions = [_condition("Accepted", is_used, "Accepted" if is_used else "Disabled", "" if is_used else message)]
    if row["status"] == "warning":
        conditions.append(_condition("WithoutFindings", False, "Warning", message))
    return {"conditions": conditions} | {key: row[key] for key in ("using", "usedBy", "serverStatus") if key in row}


def _condition(kind: str, holds: bool, reason: str, message: str) -> Row:
    return {"type": kind, "status": str(holds), "reason": reason, "message": message}


def problems(state: Seen) -> dict[tuple[str, str], list[str]]:
    """The mistakes in parts, by their kind and name."""
    anchors = {(part.origin.file, part.origin.subject): part for part in state.documents}
    found: dict[tuple[str, str], list[str]] = {}
    for finding in state.mesh.findings:
        part = anchors.get((finding.origin.file, finding.origin.subject))
        if part is not None and finding.is_error:
            found.setdefault((part.key.kind, shown(part.key.name)), []).append(finding.message)
    return found


def points(mesh: Mesh, parts: Iterable[Document]) -> Iterator[Row]:
    """Entry points, by their names, with what is written about them."""
    written = {part.key.name.name: _data(part) for part in parts if part.key.kind == "traefik/entry-point"}
    for point in sorted(mesh.edge.points if mesh.edge is not None else (), key=lambda each: each.name):
        suffix = "/udp" if point.is_udp else ""
        name = point.name.name
        yield {**written.get(name, {}), "name": name, "address": f"{_host(point.address)}:{point.port}{suffix}"}


def _host(address: str) -> str:
    """The host of an entry point as one writes it."""
    if address == EVERYWHERE:
        return ""
    return f"[{address}]" if ":" in address else address


def _protocol(name: Name) -> str:
    return next((word for word, prefix in PREFIXES.items() if prefix and name.name.startswith(prefix)), "http")


def _data(part: Document) -> Row:
    """The content of a part, spelt as the documentation does it."""
    kind = DIALECT.kinds[part.key.kind]
    value: Any = part.data
    for _ in (*kind.section, part.key.name.name):
        value = next(iter(value.values()), {}) if isinstance(value, Mapping) else {}
    found = spelt(value, kind.schema)
    part.forget()
    return _mapping(found)


def _without_secrets(value: Any, key: str = "") -> Any:
    """A value without passwords and keys, with all else."""
    if isinstance(value, Mapping):
        return {name: _without_secrets(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    is_secret = key.lower() in HIDDEN or (key == "key" and "-----BEGIN" in str(value))
    return INSTEAD if value and is_secret else value


def _ordered(row: Row) -> Row:
    """In the order in which people find it there."""
    last = {name: index for index, name in enumerate(ORDER)}
    return dict(sorted(row.items(), key=lambda each: last.get(each[0], 0)))


def _place(part: Document) -> str:
    origin = part.origin
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


def _named(name: Name) -> Row:
    return {"name": shown(name), "provider": name.namespace.removeprefix(PROVIDER)}


def _service(state: RouterState) -> Row:
    return {"service": shown(state.router.service.name)} if state.router.service is not None else {}


def _mapping(value: object) -> Row:
    return dict(value) if isinstance(value, Mapping) else {}


def _texts(value: object) -> list[str]:
    """A list of texts, however it was written."""
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [str(each) for each in value] if isinstance(value, Sequence) else []


def _qualified(text: str, home: Name) -> str:
    return text if PROVIDER in text else f"{text}{home.namespace}"


def _completed(content: Row, word: str, name: Name) -> Row:
    """With what holds where nothing is written."""
    found = dict(content)
    if word == "chain":
        found["middlewares"] = [_qualified(each, name) for each in _texts(found.get("middlewares"))]
    if word == "weighted" and isinstance(found.get("services"), list):
        found["services"] = [{"weight": 1} | _mapping(each) for each in found["services"]]
    if isinstance(found.get("healthCheck"), dict) and word == "loadBalancer":
        found["healthCheck"] = CHECKED | found["healthCheck"]
    if text := found.get("serversTransport"):
        found["serversTransport"] = _qualified(str(text), name)
    sticky = found.get("sticky")
    if isinstance(sticky, dict) and isinstance(sticky.get("cookie"), dict):
        cookie = {"name": sticking.cookie(name, Sticky()), "path": "/"}
        found["sticky"] = sticky | {"cookie": cookie | sticky["cookie"]}
    return found
