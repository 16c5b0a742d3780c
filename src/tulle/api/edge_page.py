"""The page of `dashboard@internal`: routers, services and middlewares with their errors. Nothing on it is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from tulle.__about__ import __version__
from tulle.api.edge_rows import KINDS, NO_STEPS, PREFIXES, Row, Seen, points, rows

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"}
STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:2em;color:#222}table{border-collapse:collapse;margin-bottom:2em}"
    "th,td{text-align:left;vertical-align:top;padding:.2em 1em .2em 0;border-bottom:1px solid #ddd}"
    "code{font:13px ui-monospace,monospace}.enabled{color:#070}.warning{color:#a60}.disabled{color:#b00}"
)
COLUMNS = {
    "routers": ("name", "status", "rule", "entryPoints", "middlewares", "service", "priority", "origin"),
    "services": ("name", "status", "type", "usedBy", "serverStatus", "origin"),
    "middlewares": ("name", "status", "type", "usedBy", "origin"),
}


def page(state: Seen) -> str:
    """All of it, as HTML."""
    body = "".join(_parts(state))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>tulle</title><style>{STYLE}</style></head>'
        f"<body><h1>tulle {escape(__version__)}</h1>{body}</body></html>"
    )


def _parts(state: Seen) -> Iterator[str]:
    yield _table("Entry points", ("name", "address"), points(state.mesh, state.documents))
    for protocol in PREFIXES:
        for kind in KINDS:
            found = rows(state, protocol, kind) if (protocol, kind) != NO_STEPS else {}
            if found:
                title = f"{protocol.upper()} {kind}"
                yield _table(title, COLUMNS[kind], found.values())


def _table(title: str, columns: tuple[str, ...], found: Iterable[Row]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    lines = "".join(f"<tr>{''.join(_cell(row, column) for column in columns)}</tr>" for row in found)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{lines}</table>"


def _cell(row: Row, column: str) -> str:
    value = row.get(column, "")
    if column == "status":
        errors = "".join(f"<br>{escape(str(each))}" for each in row.get("error", ()))
        return f'<td class="{escape(str(value))}">{escape(str(value))}{errors}</td>'
    texts = [str(each) for each in value] if isinstance(value, list | tuple | dict) else [str(value)]
    return f"<td>{'<br>'.join(f'<code>{escape(each)}</code>' for each in texts if each)}</td>"
