"""What readers wrote about a book: v1 without stars, v2 with black ones, v3 with red ones. Version: VERSION."""

from __future__ import annotations

import os
from typing import Any

from server import Request, Response, call, serve

VERSION = os.environ["VERSION"]
COLOR = {"v2": "black", "v3": "red"}.get(VERSION)
"""Of the stars; None: it does not ask for any."""
PATIENCE = 10.0 if COLOR == "black" else 2.5
"""Seconds that the stars may take: longer than the page waits, as in the original."""


def answer(request: Request) -> Response:
    """`/reviews/0`, `/health`."""
    if request.path == "/health":
        return Response({"status": "Reviews is healthy"})
    if not request.path.startswith("/reviews/"):
        return Response({"error": "not found"}, 404)
    said = call("http://ratings:9080/ratings/0", request, PATIENCE) if COLOR else None
    readers = (
        ("Reviewer1", "An extremely entertaining play by Shakespeare."),
        ("Reviewer2", "Absolutely fun and entertaining."),
    )
    reviews = []
    for reader, text in readers:
        review: dict[str, Any] = {"reviewer": reader, "text": text}
        if said is not None:
            if said.status == 200:
                review["rating"] = {"stars": said.content["ratings"][reader], "color": COLOR}
            else:
                review["rating"] = {"error": "Ratings service is currently unavailable"}
        reviews.append(review)
    return Response({"id": "0", "podname": f"reviews-{VERSION}", "version": VERSION, "reviews": reviews})


if __name__ == "__main__":
    serve(answer)
