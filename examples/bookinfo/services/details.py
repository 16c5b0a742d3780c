"""Facts about a book. Version: VERSION."""

from __future__ import annotations

import os

from server import Request, Response, serve


def answer(request: Request) -> Response:
    """`/details/0`, `/health`."""
    if request.path == "/health":
        return Response({"status": "Details is healthy"})
    if not request.path.startswith("/details/"):
        return Response({"error": "not found"}, 404)
    facts = {"author": "William Shakespeare", "year": 1595, "type": "paperback", "pages": 200, "language": "English"}
    return Response({"id": 0, "version": os.environ["VERSION"], **facts})


if __name__ == "__main__":
    serve(answer)
