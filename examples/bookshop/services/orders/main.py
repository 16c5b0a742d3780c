"""Takes orders: asks the catalogue for the price and the stock (over plain TCP) for a copy, and writes it down."""

from __future__ import annotations

import os
import socket
import time

from shop.calls import call
from shop.database import Database
from shop.server import Request, Response, reply, serve

SCHEMA = """CREATE TABLE IF NOT EXISTS orders
    (number INTEGER PRIMARY KEY, book TEXT, cents INTEGER, caller TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP)"""


class StockUnreachable(Exception):
    """The stock cannot be asked; nothing was sold."""


def ask_stock(line: str) -> str:
    """Say a line to the stock, through the port that the sidecar offers for it, and hear its answer.

    Raises:
        StockUnreachable: there is nobody to hear it.
    """
    host, _, port = os.environ.get("TULLE_STOCK_ADDR", "").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection, connection.makefile("rw") as lines:
            print(line, file=lines, flush=True)
            answer = lines.readline().strip()
    except (OSError, ValueError) as error:
        raise StockUnreachable(f"the stock does not answer: {error}") from error
    if not answer:
        raise StockUnreachable("the stock hung up")
    return answer


class Orders:
    """The pages of the service."""

    def __init__(self) -> None:
        self._database = Database("orders", SCHEMA)

    def order(self, request: Request) -> Response:
        """POST /orders {"book": id}: one copy, if there is one left."""
        book = request.json.get("book") if isinstance(request.json, dict) else None
        price = call("catalogue", f"/books/{book}") if isinstance(book, str) and book.isprintable() else None
        details = price.json if price and price.is_ok else None
        if not isinstance(book, str) or not isinstance(details, dict):
            return reply({"error": "there is no such book"}, 404)
        try:
            answer = ask_stock(f"TAKE {book} 1")
        except StockUnreachable as error:
            return reply({"error": str(error)}, 503)
        if not answer.startswith("OK"):
            return reply({"error": "sold out"}, 409)
        insert = "INSERT INTO orders (book, cents, caller) VALUES (?, ?, ?)"
        number = self._database.insert(insert, book, details["cents"], request.caller)
        left = int(answer.removeprefix("OK"))
        return reply({"number": number, "title": details["title"], "cents": details["cents"], "left": left}, 201)

    def count(self, _: Request) -> Response:
        """GET /orders: how many there are, and what they are worth."""
        (row,) = self._database.rows("SELECT count(*) AS number, coalesce(sum(cents), 0) AS cents FROM orders")
        return reply(row)

    def report(self, request: Request) -> Response:
        """GET /report: the same, from a slow back office; see the circuit breaker."""
        time.sleep(0.4)
        return self.count(request)


def main() -> None:
    """Serve the orders."""
    orders = Orders()
    serve({"POST /orders": orders.order, "GET /orders": orders.count, "GET /report": orders.report})


if __name__ == "__main__":
    main()
