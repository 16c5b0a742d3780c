"""The shop window: gathers books and reviews from the other services, takes orders, and runs the experiments."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape

from shop.calls import Answer, call
from shop.database import Database
from shop.server import Request, Response, serve
from web.page import Visit, page, price, tiles

SCHEMA = "CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER)"


class Window:
    """The pages of the service."""

    def __init__(self) -> None:
        self._database = Database("web", SCHEMA)
        self._pool = ThreadPoolExecutor(24)

    def show(self, request: Request) -> Response:
        """GET /: the page, for the reader that the query or the cookie names."""
        reader = "ada" if "ada" in (request.query.get("reader") or request.headers.get("cookie", "")) else "guest"
        visit = self._visit(reader, request.caller)
        self._count(visit)
        status = 200 if visit.books else 503
        cookie = {"set-cookie": f"reader={reader}; Path=/; SameSite=Lax"}
        return Response(page(visit).encode(), status, "text/html; charset=utf-8", cookie)

    def order(self, request: Request) -> Response:
        """POST /order: one copy of a book."""
        answer = call("orders", "/orders", fields={"book": request.form.get("book", "")})
        if "x-fragment" not in request.headers:
            return Response(status=303, headers={"location": "/"})
        told = answer.json
        if answer.is_ok and isinstance(told, dict):
            left = f"{told['left']} left" if told["left"] else "the last one"
            return _piece(f"Order {told['number']}: {escape(str(told['title']))}, {price(told['cents'])}. {left}.")
        why = told["error"] if isinstance(told, dict) and "error" in told else answer.reason
        return _piece(f"Not ordered: {escape(str(why))}")

    def canary(self, _: Request) -> Response:
        """POST /try/canary: call the reviews sixty times, and see which version answers."""
        answers = self._many(60, lambda: call("reviews", "/reviews/alice"))
        kinds = (answer.version if answer.is_ok else "bad" for answer in answers)
        return _piece(tiles(sorted(kinds), {"v1": "by v1", "v2": "by v2", "bad": "failed"}))

    def retry(self, _: Request) -> Response:
        """POST /try/retry: call the catalogue forty times; count the calls that it saw more than once."""
        answers = self._many(40, lambda: call("catalogue", "/books"))
        kinds = ("bad" if not answer.is_ok else "wait" if answer.attempts > 1 else "good" for answer in answers)
        names = {"good": "at once", "wait": "after a repetition", "bad": "failed"}
        return _piece(tiles(sorted(kinds), names))

    def forbidden(self, _: Request) -> Response:
        """POST /try/forbidden: have the reviews call the orders, which they may not."""
        told = call("reviews", "/pry").json
        if not isinstance(told, dict):
            return _piece("The reviews are away.")
        is_refused = told["status"] == 403
        words = f"refused: {told['status']}, {told['reason']}" if is_refused else f"they got through: {told['status']}"
        return _piece(f'<span class="tile {"good" if is_refused else "bad"}"></span> {escape(words)}')

    def breaker(self, _: Request) -> Response:
        """POST /try/breaker: ask for sixteen slow reports at the same moment."""
        answers = self._many(16, lambda: call("orders", "/report"))
        kinds = ("good" if answer.is_ok else "bad" for answer in answers)
        return _piece(tiles(sorted(kinds, reverse=True), {"good": "reported", "bad": "refused at once, 503"}))

    def outlier(self, _: Request) -> Response:
        """POST /try/outlier: make one replica ill, then call; the mesh soon leaves it out."""
        # Some of these tries meet v2, which has no brother to step in and declines.
        sick = next((answer for answer in (call("reviews", "/ill", fields={}) for _ in range(9)) if answer.is_ok), None)
        if sick is None:
            return _piece("Nobody wanted to fall ill; try again.")
        kinds = ["good" if call("reviews", "/reviews/alice").is_ok else "bad" for _ in range(48)]
        return _piece(tiles(kinds, {"bad": "failed, then it was left out", "good": "answered by the others"}))

    def _many(self, count: int, ask: Callable[[], Answer]) -> list[Answer]:
        return [task.result() for task in [self._pool.submit(ask) for _ in range(count)]]

    def _visit(self, reader: str, caller: str) -> Visit:
        started = time.perf_counter()
        catalogue = call("catalogue", "/books")
        found = catalogue.json if catalogue.is_ok else None
        books = tuple(book for book in found if isinstance(book, dict)) if isinstance(found, list) else ()
        names = [str(book["id"]) for book in books]
        tasks = [self._pool.submit(call, "reviews", f"/reviews/{name}", headers={"x-reader": reader}) for name in names]
        reviews = {name: task.result() for name, task in zip(names, tasks, strict=True)}
        elapsed = (time.perf_counter() - started) * 1000
        return Visit(reader, books, reviews, (catalogue, *reviews.values()), caller, elapsed, self._tally())

    def _tally(self) -> dict[str, int]:
        return {str(row["name"]): int(row["count"] or 0) for row in self._database.rows("SELECT * FROM tally")}

    def _count(self, visit: Visit) -> None:
        versions = [answer.version for answer in visit.reviews.values()]
        counts = {"pages": 1, "v1": versions.count("v1"), "v2": versions.count("v2")}
        counts["repeated"] = sum(answer.attempts - 1 for answer in visit.calls)
        add = "INSERT INTO tally VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"
        self._database.fill(add, counts.items())


def _piece(html: str) -> Response:
    return Response(html.encode(), content_type="text/html; charset=utf-8")


def main() -> None:
    """Serve the page."""
    window = Window()
    tries = (window.canary, window.retry, window.forbidden, window.breaker, window.outlier)
    experiments = {f"POST /try/{experiment.__name__}": experiment for experiment in tries}
    serve({"GET /": window.show, "POST /order": window.order, **experiments})


if __name__ == "__main__":
    main()
