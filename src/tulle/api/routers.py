"""Routers and what they are made of, as the read interface of Traefik 3.7 tells it: for the tools that ask for that.

Served on a Unix socket for the gateway, which passes on what is for `api@internal`, `dashboard@internal`,
`prometheus@internal` and `rest@internal`, each below a path of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException

from tulle.__about__ import __version__
from tulle.api import edge_page, metrics
from tulle.api.edge_rows import KINDS, NO_STEPS, PREFIXES, Row, Rows, Seen, points, rows
from tulle.flow.state import ProxyState
from tulle.kit.located_yaml import Malformed
from tulle.model.routers import PROVIDER, STATIC
from tulle.sources.rest import LARGEST

SPEAKS = "3.7.0"
"""The version of Traefik whose interface this is: tools decide by it what they may ask."""
PAGE = 100
"""Rows of a page where nobody says how many."""
NO_PAGE = "404 page not found\n"
SPELT = {"zookeeper": "ZooKeeper", "http": "HTTP", "boltdb": "BoltDB"}
"""Providers that are not called as they are written, with a capital letter."""


class Counted(Seen, Protocol):
    """What is looked at, and who counts."""

    def proxies(self) -> Iterable[ProxyState]:
        """Every proxy that is known."""
        ...


def application(state: Counted, put: Callable[[bytes], None] | None = None) -> FastAPI:
    """All of it; `put` takes configuration from others."""
    app = FastAPI(title="routers", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    parts = {
        "/api": reading(state),
        "/dashboard": showing(state),
        "/prometheus": counting(state),
        "/rest": writing(put),
    }
    for path, each in parts.items():
        each.add_exception_handler(HTTPException, _refused)
        app.mount(path, each)
    return app


def reading(state: Seen) -> FastAPI:
    """What tools read."""
    app = _bare()

    @app.get("/api/version")
    def version() -> Response:
        return _json({"Version": SPEAKS, "Codename": f"tulle {__version__}"}, kind="application/json; charset=UTF-8")

    @app.get("/api/overview")
    def overview() -> Response:
        return _json(_overview(state))

    @app.get("/api/rawdata")
    def rawdata() -> Response:
        found: Row = {kind: _unnamed(rows(state, "http", kind)) for kind in KINDS}
        for protocol in ("tcp", "udp"):
            for kind in KINDS:
                if (protocol, kind) != NO_STEPS and (each := rows(state, protocol, kind)):
                    found[f"{protocol}{kind.capitalize()}"] = _unnamed(each)
        return _json(found)

    @app.get("/api/entrypoints")
    def all_points(request: Request) -> Response:
        return _page(request, list(points(state.mesh, state.documents)))

    @app.get("/api/entrypoints/{name}")
    def point(name: str) -> Response:
        return _one({each["name"]: each for each in points(state.mesh, state.documents)}, name, "entry point")

    @app.get("/api/{protocol}/{kind}")
    def many(protocol: str, kind: str, request: Request) -> Response:
        _check(protocol, kind)
        return _page(request, list(rows(state, protocol, kind).values()))

    @app.get("/api/{protocol}/{kind}/{name:path}")
    def single(protocol: str, kind: str, name: str) -> Response:
        _check(protocol, kind)
        return _one(rows(state, protocol, kind), name, kind.removesuffix("s"))

    return app


def showing(state: Seen) -> FastAPI:
    """What people look at."""
    app = _bare()

    @app.get("/")
    def root(request: Request) -> Response:
        return RedirectResponse(f"{request.headers.get('x-forwarded-prefix', '')}/dashboard/", 301)

    @app.get("/dashboard")
    def short(request: Request) -> Response:
        return root(request)

    @app.get("/dashboard/")
    def page() -> Response:
        return Response(edge_page.page(state), media_type="text/html; charset=utf-8", headers=edge_page.HEADERS)

    return app


def counting(state: Counted) -> FastAPI:
    """What Prometheus collects."""
    app = _bare()

    @app.get("/{path:path}")
    async def numbers(path: str) -> Response:
        return PlainTextResponse(await metrics.told(state.proxies()))

    return app


def writing(put: Callable[[bytes], None] | None) -> FastAPI:
    """What takes configuration from others."""
    app = _bare()

    @app.put("/api/providers/{name}")
    async def rest(name: str, request: Request) -> Response:
        if name != "rest" or put is None:
            return _text("Only 'rest' provider can be updated through the REST API\n", 400)
        try:
            body = await _body(request)
            put(body)
        except Malformed as error:
            return _text(f"{error.message}\n", 400)
        return Response(body, media_type="application/json; charset=UTF-8")

    return app


async def _body(request: Request) -> bytes:
    """What is sent, as far as it may be long.

    Raises:
        Malformed: it is longer.
    """
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > LARGEST:
            raise Malformed(0, f"larger than {LARGEST // 2**20} MB")
    return bytes(found)


def _bare() -> FastAPI:
    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)


def _overview(state: Seen) -> Row:
    found: Row = {
        protocol: {kind: _counts(rows(state, protocol, kind)) for kind in KINDS if (protocol, kind) != NO_STEPS}
        for protocol in PREFIXES
    }
    sections = {part.key.kind.rpartition("/")[2] for part in state.documents if part.key.name.namespace == STATIC}
    found["features"] = {
        "tracing": "OpenTelemetry" if "tracing" in sections else "",
        "metrics": "Prometheus" if "metrics" in sections else "",
        "accessLog": "accessLog" in sections,
    }
    found["providers"] = sorted(SPELT.get(each.name, each.name.capitalize()) for each in state.mesh.providers)
    return found


def _check(protocol: str, kind: str) -> None:
    if protocol not in PREFIXES or kind not in KINDS or (protocol, kind) == NO_STEPS:
        raise HTTPException(404)


def _counts(found: Rows) -> Row:
    states = [row.get("status") for row in found.values()]
    return {"total": len(found), "warnings": states.count("warning"), "errors": states.count("disabled")}


def _unnamed(found: Rows) -> Rows:
    hidden = ("name", "provider", "priorityStr", "type")
    return {name: {key: value for key, value in row.items() if key not in hidden} for name, row in found.items()}


async def _refused(request: Request, error: Exception) -> Response:
    """As servers written in Go say it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Response(status_code=status) if status == 405 else _text(NO_PAGE, status)


def _text(text: str, status: int) -> Response:
    return Response(text, status, {"X-Content-Type-Options": "nosniff"}, media_type="text/plain; charset=utf-8")


def _message(text: str, status: int) -> Response:
    return _text(json.dumps({"message": text}, separators=(",", ":")) + "\n", status)


def _json(value: object, headers: Mapping[str, str] | None = None, kind: str = "application/json") -> Response:
    """As Go writes it: fit for pages, too."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Response(f"{text}\n", media_type=kind, headers=headers)


def _one(found: Rows, name: str, noun: str) -> Response:
    row = found.get(name)
    return _json(row) if row is not None else _message(f"{noun} not found: {name}", 404)


def _page(request: Request, found: list[Row]) -> Response:
    """One page of rows that fit; the header says which comes next (1 after the last one)."""
    query = request.query_params
    chosen = _sorted(list(_fitting(found, query)), query)
    page, size = _number(query.get("page"), 1), _number(query.get("per_page"), PAGE)
    if size < 1:
        return _message(f"invalid request: per_page: {size}", 400)
    if page < 1:
        return _message(f"invalid request: page: {page}", 400)
    if page > 1 and (page - 1) * size >= len(chosen):
        return _message(f"invalid request: page: {page}, per_page: {size}", 400)
    more = page * size < len(chosen)
    return _json(chosen[(page - 1) * size : page * size], {"X-Next-Page": str(page + 1 if more else 1)})


def _number(text: str | None, usual: int) -> int:
    """A number that was asked for; 0 if it is none."""
    if not text:
        return usual
    return int(text) if text.lstrip("+-").isascii() and text.lstrip("+-").isdigit() else 0


def _fitting(found: Iterable[Row], query: Mapping[str, str]) -> Iterator[Row]:
    search, status = query.get("search", "").lower(), query.get("status", "").lower()
    service, step = query.get("serviceName", ""), query.get("middlewareName", "")
    for row in found:
        if search and not any(search in str(row.get(key, "")).lower() for key in ("name", "rule")):
            continue
        if status and row.get("status") != status:
            continue
        if service and row.get("service") not in {service, service.partition(PROVIDER)[0]}:
            continue
        if step and step not in row.get("middlewares", ()):
            continue
        yield row


def _sorted(found: list[Row], query: Mapping[str, str]) -> list[Row]:
    """By names, or what else was asked for."""
    by = query.get("sortBy", "name")
    reverse = query.get("direction", "asc") == "desc"

    def place(row: Row) -> tuple[Any, ...]:
        value = row.get(by)
        if by in {"servers", "entryPoints"}:
            return (len(value) if isinstance(value, list) else 0, row["name"])
        number = value if isinstance(value, int | float) else 0
        return (number, "" if value is None or number else str(value), row["name"])

    return sorted(found, key=place, reverse=reverse)
