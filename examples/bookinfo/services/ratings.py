"""Stars that readers gave to a book. Version: VERSION."""

from __future__ import annotations

import os

from server import Request, Response, serve


def answer(request: Request) -> Response:
    """`/ratings/0`, `/health`."""
    if request.path == "/health":
        return Response({"status": "Ratings is healthy"})
    if not request.path.startswith("/ratings/"):
        return Response({"error": "not found"}, 404)
    return Response({"id": 0, "version": os.environ["VERSION"], "ratings": {"Reviewer1": 5, "Reviewer2": 4}})


if __name__ == "__main__":
    serve(answer)
