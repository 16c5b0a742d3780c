"""Routers and what they are made of, as the read interface of Traefik 3.7 tells it: for the tools that ask for that.

Served on a Unix socket for the gateway, which passes on what is for `api@internal`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from tulle.__about__ import __version__
from tulle.api import metrics
from tulle.flow.state import State
from tulle.kit.located_yaml import Malformed
from tulle.model.documents import Document
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routers import PROVIDER, TCP, UDP, Pool, RouterState

Row = dict[str, Any]
Rows = dict[str, Row]
PREFIXES = {"http": "", "tcp": TCP, "udp": UDP}
KINDS = ("routers", "services", "middlewares")
OBSERVED = {"accessLogs": True, "metrics": True, "tracing": True, "traceVerbosity": "minimal"}
"""What is told of requests where nobody says anything."""
USUAL_SERVERS = {
    "strategy": "wrr",
    "passHostHeader": True,
    "responseForwarding": {"flushInterval": "100ms"},
}
"""What holds for servers of HTTP where nobody says anything."""
ORDER = (
    *("entryPoints", "middlewares", "service", "rule", "parentRefs", "ruleSyntax", "priority", "tls", "observability"),
    *("error", "status", "using", "usedBy", "name", "provider", "type", "priorityStr", "serverStatus"),
)
"""Of the fields; others come before them."""
NO_SNIFF = {"X-Content-Type-Options": "nosniff"}
PAGE = 100
"""Rows of a page where nobody says how many."""


def application(state: State, put: Callable[[bytes], None] | None = None) -> FastAPI:
    """The application; `put` takes configuration from others (`PUT /api/providers/rest`)."""
    app = FastAPI(
        title="routers",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        default_response_class=Answer,
    )

    @app.exception_handler(404)
    def unknown(_: Request, __: Exception) -> Response:
        return _failed(404, "404 page not found")

    @app.get("/api/version")
    def version() -> Row:
        return {"Version": __version__, "Codename": "tulle"}

    @app.get("/metrics")
    async def counted() -> Response:
        return PlainTextResponse(await metrics.told(state.proxies()))

    @app.get("/api/overview")
    def overview() -> Row:
        found: Row = {
            protocol: {kind: _counts(rows(state, protocol, kind)) for kind in KINDS if (protocol, kind) != NO_STEPS}
            for protocol in PREFIXES
        }
        found["features"] = {"tracing": "", "metrics": "", "accessLog": False}
        found["providers"] = sorted(name.name.capitalize() for name in state.mesh.providers)
        return found

    @app.get("/api/rawdata")
    def rawdata() -> Row:
        found: Row = {kind: _unnamed(rows(state, "http", kind)) for kind in KINDS}
        for protocol in ("tcp", "udp"):
            for kind in KINDS:
                if (protocol, kind) != NO_STEPS and (each := rows(state, protocol, kind)):
                    found[f"{protocol}{kind.capitalize()}"] = _unnamed(each)
        return found

    @app.get("/api/entrypoints")
    def points(request: Request) -> Response:
        return _page(request, list(_points(state.mesh)))

    @app.get("/api/entrypoints/{name}")
    def point(name: str) -> Response:
        return _one({each["name"]: each for each in _points(state.mesh)}, name, "entryPoint")

    @app.get("/api/{protocol}/{kind}")
    def many(protocol: str, kind: str, request: Request) -> Response:
        if protocol not in PREFIXES or kind not in KINDS:
            return _failed(404, "404 page not found")
        return _page(request, list(rows(state, protocol, kind).values()))

    @app.get("/api/{protocol}/{kind}/{name:path}")
    def single(protocol: str, kind: str, name: str) -> Response:
        if protocol not in PREFIXES or kind not in KINDS:
            return _failed(404, "404 page not found")
        return _one(rows(state, protocol, kind), name, kind.removesuffix("s"))

    @app.put("/api/providers/{name}")
    async def rest(name: str, request: Request) -> Response:
        if name != "rest" or put is None:
            return _refused(404, f"provider {name} takes nothing")
        try:
            put(await request.body())
        except Malformed as error:
            return _refused(400, error.message)
        return Response(status_code=200)

    return app


NO_STEPS = ("udp", "middlewares")
"""What there is nothing of."""


def rows(state: State, protocol: str, kind: str) -> Rows:
    """Everything of a kind, by `name@provider`, in the order of the names."""
    mesh, part_kind = state.mesh, f"traefik/{protocol}-{kind.removesuffix('s')}"
    found: Rows = {}
    for part in state.documents:
        if part.key.kind == part_kind:
            name = part.key.name
            found[shown(name)] = _row(part, Name(name.namespace, PREFIXES[protocol] + name.name), kind, mesh)
    if kind == "routers" and mesh.edge is not None:
        for name, router in mesh.edge.routers.items():
            if shown(name) not in found and _protocol(name) == protocol:
                found[shown(name)] = _router({}, name, router)
    faults = _faults(state)
    for name_text, row in found.items():
        if wrong := [*row.pop("problems", ()), *faults.get((part_kind, name_text), ())]:
            row |= {"error": list(dict.fromkeys(wrong)), "status": "disabled"}
    return {name: _in_order(row) for name, row in sorted(found.items())}


def _in_order(row: Row) -> Row:
    own = {name: value for name, value in row.items() if name not in ORDER}
    return own | {name: row[name] for name in ORDER if name in row}


def shown(name: Name) -> str:
    """`name@provider`."""
    return f"{name.name.removeprefix(TCP).removeprefix(UDP)}{name.namespace}"


def _protocol(name: Name) -> str:
    return next((word for word, prefix in PREFIXES.items() if prefix and name.name.startswith(prefix)), "http")


def _row(part: Document, name: Name, kind: str, mesh: Mesh) -> Row:
    value: Any = part.data
    for _ in range(3):
        value = next(iter(value.values()), {})
    data = dict(value) if isinstance(value, Mapping) else {}
    routers = mesh.edge.routers if mesh.edge is not None else {}
    if kind == "routers":
        return _router(data, name, routers.get(name))
    users = [shown(router) for router, state in routers.items() if name in (*state.services, *state.steps)]
    row: Row = {**data, "status": "enabled", **({"usedBy": sorted(users)} if users else {})}
    row |= {"name": shown(name), "provider": name.namespace.removeprefix(PROVIDER)}
    row["type"] = next((key.lower() for key in data if key != "middlewares"), "")
    pool = mesh.edge.pools.get(name) if mesh.edge is not None else None
    if pool is not None and kind == "services":
        row["serverStatus"] = dict(_servers(pool))
        own = row.get("loadBalancer")
        if _protocol(name) == "http" and isinstance(own, Mapping):
            row["loadBalancer"] = {**own, **USUAL_SERVERS, **own}
    return row


def _servers(pool: Pool) -> Iterator[tuple[str, str]]:
    scheme = "https" if pool.is_encrypted else "http"
    for authority in pool.authorities:
        yield f"{scheme}://{authority}" if "/" not in pool.name.name else authority, "UP"


def _router(data: Row, name: Name, state: RouterState | None) -> Row:
    row = dict(data)
    if state is None:
        row["status"] = "disabled"
    else:
        router = state.router
        row.setdefault("rule", router.rule)
        if router.service is not None:
            row.setdefault("service", shown(router.service.name))
        row |= {"entryPoints": list(state.points), "using": list(state.points), "priority": router.priority}
        row |= {"priorityStr": str(router.priority), "status": "disabled" if state.problems else "enabled"}
        if router.steps:
            row["middlewares"] = [shown(each.name) for each in router.steps]
        if state.problems:
            row["problems"] = list(state.problems)
    if _protocol(name) == "http":
        row.setdefault("observability", OBSERVED)
    return row | {"name": shown(name), "provider": name.namespace.removeprefix(PROVIDER)}


def _faults(state: State) -> dict[tuple[str, str], list[str]]:
    """What is wrong with parts, by their kind and name."""
    anchors = {(part.origin.file, part.origin.subject): part for part in state.documents}
    found: dict[tuple[str, str], list[str]] = {}
    for finding in state.mesh.findings:
        part = anchors.get((finding.origin.file, finding.origin.subject))
        if part is not None and finding.is_error:
            found.setdefault((part.key.kind, shown(part.key.name)), []).append(finding.message)
    return found


def _points(mesh: Mesh) -> Iterator[Row]:
    for point in sorted(mesh.edge.points if mesh.edge is not None else (), key=lambda each: each.name):
        suffix = "/udp" if point.is_udp else ""
        yield {"name": point.name.name, "address": f"{point.address}:{point.port}{suffix}"}


def _counts(found: Rows) -> Row:
    errors = sum(row.get("status") == "disabled" for row in found.values())
    return {"total": len(found), "warnings": 0, "errors": errors}


def _unnamed(found: Rows) -> Rows:
    hidden = ("name", "provider", "priorityStr", "type")
    return {name: {key: value for key, value in row.items() if key not in hidden} for name, row in found.items()}


def _one(found: Rows, name: str, noun: str) -> Response:
    row = found.get(name)
    return _refused(404, f"{noun} not found: {name}") if row is None else Answer(row)


class Answer(JSONResponse):
    """JSON with a line end behind it, as Go writes it."""

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return super().render(content) + b"\n"


def _refused(status: int, message: str) -> Response:
    return _failed(status, json.dumps({"message": message}, separators=(",", ":")))


def _failed(status: int, text: str) -> Response:
    """As Go's `http.Error`."""
    return PlainTextResponse(f"{text}\n", status, NO_SNIFF)


def _page(request: Request, found: list[Row]) -> Response:
    """One page of rows that fit; the header says which comes next (1 after the last one)."""
    query = request.query_params
    chosen = list(_fitting(found, query))
    try:
        page, size = int(query.get("page", "1")), int(query.get("per_page", str(PAGE)))
    except ValueError:
        page = size = 0
    if page < 1 or size < 1 or (page > 1 and (page - 1) * size >= len(chosen)):
        return _refused(400, f"invalid request: page: {query.get('page')}, per_page: {size}")
    more = page * size < len(chosen)
    rows_here = chosen[(page - 1) * size : page * size]
    return Answer(rows_here, headers={"X-Next-Page": str(page + 1 if more else 1)})


def _fitting(found: Iterable[Row], query: Mapping[str, str]) -> Iterator[Row]:
    search, status = query.get("search", "").lower(), query.get("status", "").lower()
    for row in found:
        words = (str(row.get(key, "")) for key in ("name", "rule", "service", "type"))
        if search and not any(search in word.lower() for word in words):
            continue
        if status and row.get("status") != status:
            continue
        if (service := query.get("serviceName")) and row.get("service") not in {
            service,
            service.partition(PROVIDER)[0],
        }:
            continue
        if (step := query.get("middlewareName")) and step not in row.get("middlewares", ()):
            continue
        yield row
