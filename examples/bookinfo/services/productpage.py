"""The page of a book, from its details and its reviews; who is signed in is passed on as `end-user`."""

from __future__ import annotations

import os
from html import escape
from urllib.parse import parse_qs

from server import Request, Response, Said, call, serve

PATIENCE = 3.0
"""Seconds that the reviews may take; they are asked twice, as in the original."""


def answer(request: Request) -> Response:
    """`/productpage`, `/login`, `/logout`, `/api/v1/products…`, `/static/…`, `/health`."""
    request = _for_user(request)
    match request.path:
        case "/productpage":
            return Response(_page(_details(request), _reviews(request), request.headers.get("end-user", "")))
        case "/login":
            user = parse_qs(request.body).get("username", [""])[0]
            return Response("", 302, (("location", "/productpage"), ("set-cookie", f"user={user}; Path=/")))
        case "/logout":
            return Response("", 302, (("location", "/productpage"), ("set-cookie", "user=; Path=/; Max-Age=0")))
        case "/api/v1/products":
            return Response([{"id": 0, "title": "The Comedy of Errors", "version": os.environ["VERSION"]}])
        case "/api/v1/products/0":
            return _passed(_details(request))
        case "/api/v1/products/0/reviews":
            return _passed(_reviews(request))
        case "/api/v1/products/0/ratings":
            return _passed(call("http://ratings:9080/ratings/0", request, PATIENCE))
        case "/health":
            return Response("Product page is healthy")
        case path if path.startswith("/static"):
            return Response(f"<p>{escape(path)}</p>")
    return Response({"error": "not found"}, 404)


def _for_user(request: Request) -> Request:
    """The request with the header that says who is signed in."""
    cookies = dict(each.strip().partition("=")[::2] for each in request.headers.get("cookie", "").split(";"))
    if not cookies.get("user"):
        return request
    return Request(request.method, request.path, {**request.headers, "end-user": cookies["user"]}, request.body)


def _details(request: Request) -> Said:
    return call("http://details:9080/details/0", request, PATIENCE)


def _reviews(request: Request) -> Said:
    first = call("http://reviews:9080/reviews/0", request, PATIENCE)
    return first if first.status == 200 else call("http://reviews:9080/reviews/0", request, PATIENCE)


def _passed(said: Said) -> Response:
    if said.status == 200:
        return Response(said.content)
    return Response({"error": "the service did not answer"}, said.status or 503)


def _page(details: Said, reviews: Said, user: str) -> str:
    about = (
        "".join(f"<dt>{escape(str(key))}</dt><dd>{escape(str(value))}</dd>" for key, value in details.content.items())
        if details.status == 200
        else "<dt>Error fetching product details!</dt>"
    )
    opinions = (
        "".join(_review(review) for review in reviews.content["reviews"])
        if reviews.status == 200
        else "<p>Error fetching product reviews!</p>"
    )
    served = f"<small>Reviews served by: {escape(reviews.content['podname'])}</small>" if reviews.status == 200 else ""
    who = f"Signed in as {escape(user)}" if user else "Not signed in"
    return (
        f"<!doctype html><title>Bookinfo</title><p>{who}</p><h1>The Comedy of Errors</h1><h2>Book Details</h2>"
        f"<dl>{about}</dl><h2>Book Reviews</h2>{opinions}{served}"
    )


def _review(review: dict[str, object]) -> str:
    rating = review.get("rating")
    stars = ""
    if isinstance(rating, dict):
        color, count = rating.get("color"), rating.get("stars")
        stars = f'<font color="{color}">{"★" * int(count)}</font>' if count else f"<i>{rating['error']}</i>"
    return f"<blockquote><p>{escape(str(review['text']))}</p>{stars}</blockquote>"


if __name__ == "__main__":
    serve(answer)
