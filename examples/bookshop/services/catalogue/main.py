"""What is in the shop: title, author, price. It hiccups, on purpose, so that the mesh has something to repeat."""

from __future__ import annotations

import os
import random
import threading
from collections import OrderedDict

from shop.database import Database
from shop.server import Request, Response, reply, serve

BOOKS = (
    ("middlemarch", "Middlemarch", "George Eliot", 1871, 1490, "A study of provincial life, and of everyone's."),
    ("frankenstein", "Frankenstein", "Mary Shelley", 1818, 990, "He made it, and left the room."),
    ("moby-dick", "Moby-Dick", "Herman Melville", 1851, 1390, "One whale. Many opinions."),
    ("walden", "Walden", "Henry David Thoreau", 1854, 890, "Two years by a pond, simply."),
    ("alice", "Alice in Wonderland", "Lewis Carroll", 1865, 1150, "Down the hole, without a retry."),
    ("odyssey", "The Odyssey", "Homer", -700, 1690, "The original long-lived connection."),
    ("time-machine", "The Time Machine", "H. G. Wells", 1895, 790, "A timeout of eight hundred thousand years."),
    ("eighty-days", "Around the World in Eighty Days", "Jules Verne", 1872, 950, "Every hop on time, but for one."),
    ("persuasion", "Persuasion", "Jane Austen", 1817, 1050, "Try again, eight years later."),
)
SCHEMA = """CREATE TABLE IF NOT EXISTS book
    (id TEXT PRIMARY KEY, title TEXT, author TEXT, year INTEGER, cents INTEGER, line TEXT)"""


class Hiccups:
    """Fails a share of the calls the first time that they are seen, as a cold cache would; never the repetition."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, call: str) -> tuple[int, bool]:
        """How often this call was seen now, and whether to fail it. A call without a name is never failed."""
        if not call:
            return 1, False
        with self._lock:
            count = self._seen[call] = self._seen.pop(call, 0) + 1
            if len(self._seen) > 4096:
                self._seen.popitem(last=False)
        return count, count == 1 and random.random() < self._share


class Catalogue:
    """The pages of the service."""

    def __init__(self) -> None:
        self._database = Database("catalogue", SCHEMA)
        self._database.fill("INSERT OR IGNORE INTO book VALUES (?, ?, ?, ?, ?, ?)", BOOKS)
        self._hiccups = Hiccups(float(os.environ.get("HICCUPS", "0")))

    def books(self, request: Request) -> Response:
        """GET /books: all of them."""
        attempts, fails = self._hiccups.attempt(request.headers.get("x-shop-call", ""))
        if fails:
            return reply("hiccup", 503)
        found = self._database.rows("SELECT * FROM book ORDER BY rowid")
        return reply(found, headers={"x-shop-attempts": str(attempts)})

    def book(self, request: Request) -> Response:
        """GET /books/<id>: one of them."""
        found = self._database.rows("SELECT * FROM book WHERE id = ?", request.tail)
        return reply(found[0]) if found else reply("no such book", 404)

    def search(self, request: Request) -> Response:
        """GET /search?q=…: those whose title or author has these letters."""
        letters = f"%{request.query.get('q', '')}%"
        return reply(self._database.rows("SELECT * FROM book WHERE title || author LIKE ?", letters))


def main() -> None:
    """Serve the catalogue."""
    catalogue = Catalogue()
    serve({"GET /books": catalogue.books, "GET /books/*": catalogue.book, "GET /search": catalogue.search})


if __name__ == "__main__":
    main()
