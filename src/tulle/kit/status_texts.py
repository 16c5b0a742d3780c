"""What statuses of HTTP are called. The same for every version of Python, which renamed some of them."""

from __future__ import annotations

from http import HTTPStatus

_OTHERS = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}


def status_text(status: int) -> str:
    """As Go's `net/http` has it, which many clients of edge gateways know; empty for what has no name."""
    if status in _OTHERS:
        return _OTHERS[status]
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(each.value for each in HTTPStatus)
