"""How many stars readers give a book: a gRPC service (`ratings.proto`) with a database of its own."""

from __future__ import annotations

import os
import signal
from concurrent import futures

import grpc

from shop.database import Database
from shop.ratings import RPC, SERVICE, Book, Rating

STARS = {
    "middlemarch": (4.8, 311),
    "frankenstein": (4.4, 528),
    "moby-dick": (3.9, 402),
    "walden": (4.1, 187),
    "alice": (4.7, 640),
    "odyssey": (4.6, 295),
    "time-machine": (4.2, 233),
    "eighty-days": (4.3, 266),
    "persuasion": (4.9, 356),
}
SCHEMA = "CREATE TABLE IF NOT EXISTS rating (book TEXT PRIMARY KEY, average REAL, readers INTEGER)"


class Ratings:
    """The methods of the service."""

    def __init__(self) -> None:
        self._database = Database("ratings", SCHEMA)
        rows = ((book, average, readers) for book, (average, readers) in STARS.items())
        self._database.fill("INSERT OR IGNORE INTO rating VALUES (?, ?, ?)", rows)

    def average(self, book: Book, context: grpc.ServicerContext) -> Rating:
        """The average of all readers; NOT_FOUND for a book that nobody rated."""
        rows = self._database.rows("SELECT average, readers FROM rating WHERE book = ?", book.id)
        if not rows:
            context.abort(grpc.StatusCode.NOT_FOUND, f"nobody rated {book.id}")
        return Rating(float(rows[0]["average"] or 0), int(rows[0]["readers"] or 0))


def main() -> None:
    """Answer on `HOST` and `PORT` until the process is told to end."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    method = grpc.unary_unary_rpc_method_handler(
        Ratings().average, request_deserializer=Book.decode, response_serializer=Rating.encode
    )
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {RPC: method}),))
    server.add_insecure_port(f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ['PORT']}")
    server.start()
    signal.sigwait(signals)
    server.stop(grace=2).wait()


if __name__ == "__main__":
    main()
