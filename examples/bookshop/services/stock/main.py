"""How many copies are on the shelf: a service that speaks lines over plain TCP, not HTTP.

`LEFT <book>` answers `<copies>`; `TAKE <book> <copies>` answers `OK <copies left>` or `SOLD OUT`.
"""

from __future__ import annotations

import os
import signal
import socketserver
import threading

from shop.database import Database

COPIES = {
    "middlemarch": 42,
    "frankenstein": 60,
    "moby-dick": 35,
    "walden": 28,
    "alice": 80,
    "odyssey": 51,
    "time-machine": 3,
    "eighty-days": 38,
    "persuasion": 44,
}
SCHEMA = "CREATE TABLE IF NOT EXISTS stock (book TEXT PRIMARY KEY, copies INTEGER)"


class Stock:
    """The shelf."""

    def __init__(self) -> None:
        self._database = Database("stock", SCHEMA)
        self._database.fill("INSERT OR IGNORE INTO stock VALUES (?, ?)", COPIES.items())

    def answer(self, line: str) -> str:
        """What to say to one line."""
        match line.split():
            case ["LEFT", book]:
                return str(self.left(book))
            case ["TAKE", book, copies] if copies.isdecimal() and int(copies) > 0:
                return self.take(book, int(copies))
            case _:
                return "WHAT? say LEFT <book> or TAKE <book> <copies>"

    def left(self, book: str) -> int:
        """Copies of a book."""
        rows = self._database.rows("SELECT copies FROM stock WHERE book = ?", book)
        return int(rows[0]["copies"] or 0) if rows else 0

    def take(self, book: str, copies: int) -> str:
        """Take copies off the shelf, all of them or none; one statement, so that no copy is sold twice."""
        statement = "UPDATE stock SET copies = copies - ? WHERE book = ? AND copies >= ?"
        taken = self._database.change(statement, copies, book, copies)
        return f"OK {self.left(book)}" if taken else "SOLD OUT"


class Server(socketserver.ThreadingTCPServer):
    """One thread per connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    """Answer on `HOST` and `PORT` until the process is told to end."""
    stock = Stock()

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in iter(lambda: self.rfile.readline(256), b""):
                self.wfile.write(f"{stock.answer(line.decode(errors='replace'))}\n".encode())

    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    server = Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Connection)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    signal.sigwait(signals)
    server.shutdown()


if __name__ == "__main__":
    main()
