"""What is said about a book. Version v1 tells the number of stars, v2 shows them and quotes a reader."""

from __future__ import annotations

import os
import time

import grpc

from shop.calls import call
from shop.database import Database
from shop.ratings import METHOD, Book, Rating
from shop.server import Request, Response, reply, serve

QUOTES = (
    ("middlemarch", "Finished it, closed it, opened it again.", "Ines"),
    ("frankenstein", "Health checks would have helped him.", "Tomasz"),
    ("moby-dick", "Came for the whale, stayed for the chapter on rope.", "Amara"),
    ("walden", "I moved to a smaller flat.", "Jonas"),
    ("alice", "My daughter explains it to me.", "Priya"),
    ("odyssey", "Ten years of latency and still eventually consistent.", "Eleni"),
    ("time-machine", "Short, and it stays with you for ages.", "Mateo"),
    ("eighty-days", "Packet loss was a real thing then.", "Kofi"),
    ("persuasion", "The letter. That is all. The letter.", "Ada"),
)
SCHEMA = "CREATE TABLE IF NOT EXISTS quote (book TEXT PRIMARY KEY, words TEXT, reader TEXT)"
ILLNESS = 8.0
"""Seconds that an instance is ill when it is asked to be."""


class Reviews:
    """The pages of the service."""

    def __init__(self) -> None:
        self._version = os.environ.get("TULLE_VERSION", "v1")
        self._ill_until = 0.0
        self._database = Database("reviews", SCHEMA)
        self._database.fill("INSERT OR IGNORE INTO quote VALUES (?, ?, ?)", QUOTES)
        # A plain name: gRPC takes the way through the sidecar by itself, because of `http_proxy`.
        channel = grpc.insecure_channel(os.environ.get("RATINGS", "dns:///ratings:9000"))
        self._average = channel.unary_unary(METHOD, request_serializer=Book.encode, response_deserializer=Rating.decode)

    def review(self, request: Request) -> Response:
        """GET /reviews/<book>: its stars, and from v2 on what somebody said."""
        if time.monotonic() < self._ill_until:
            return reply("this instance is ill", 500)
        rating = self._rating(request.tail)
        review: dict[str, object] = {"average": rating.average, "readers": rating.readers}
        if self._version != "v1":
            quotes = self._database.rows("SELECT words, reader FROM quote WHERE book = ?", request.tail)
            review["quote"] = quotes[0] if quotes else None
        return reply(review)

    def fall_ill(self, _: Request) -> Response:
        """POST /ill: this instance fails for a while; see the outlier detection. Only v1 has brothers to step in."""
        if self._version != "v1":
            return reply("not me", 409)
        self._ill_until = time.monotonic() + ILLNESS
        return reply("ill")

    def pry(self, _: Request) -> Response:
        """GET /pry: call the orders, which is forbidden to this service; what came of it."""
        answer = call("orders", "/orders")
        return reply({"status": answer.status, "reason": answer.reason})

    def _rating(self, book: str) -> Rating:
        try:
            rating: Rating = self._average(Book(book), timeout=2.0)
        except grpc.RpcError:
            return Rating()
        return rating


def main() -> None:
    """Serve the reviews."""
    reviews = Reviews()
    serve({"GET /reviews/*": reviews.review, "POST /ill": reviews.fall_ill, "GET /pry": reviews.pry})


if __name__ == "__main__":
    main()
