"""The page as HTML: what was gathered goes in, text comes out. Calls nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from shop.calls import Answer
from web import covers, graph

HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_text()
SCRIPT = (HERE / "script.js").read_text()
EXPERIMENTS = (
    ("canary", "Canary", "60 calls of the reviews: nine in ten go to v1.", "Call"),
    ("retry", "Retry", "The catalogue fails a quarter of all calls once. Nobody notices.", "Call"),
    ("forbidden", "Forbidden", "The reviews try to read the orders.", "Try"),
    ("breaker", "Circuit breaker", "16 slow reports at once; the orders take 4 at a time.", "Ask"),
    ("outlier", "Outlier", "One replica of the reviews falls ill for 8 seconds.", "Infect"),
    ("limit", "Rate limit", "14 searches at once; the gateway lets 5 a second in.", "Search"),
)
"""Name, title, sentence and button of each experiment of the panel."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visitor sees, and the calls that were made for it."""

    reader: str
    books: tuple[Mapping[str, object], ...]
    reviews: Mapping[str, Answer]
    """By book."""
    calls: tuple[Answer, ...]
    caller: str
    """The identity of who called this page: the gateway."""
    milliseconds: float
    tally: Mapping[str, int]
    """Since the shop was opened."""


def page(visit: Visit) -> str:
    """The whole page."""
    shelf = "".join(_book(book, visit.reviews.get(str(book["id"]))) for book in visit.books)
    shelf = f'<main class="shelf">{shelf}</main>' if shelf else _away(visit)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Tulle &amp; Daughters, booksellers</title><link rel="icon" href="{ICON}">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<header class="top">{NET}<div class="wrap"><div><h1>Tulle <em>&amp;</em> Daughters</h1>
<p class="lead">A small bookshop, run by six services that reach each other through a fine, light netting.</p></div>
{_readers(visit.reader)}</div></header>
<div class="wrap columns">{shelf}<aside>{_now(visit)}{_experiments()}</aside></div>
<footer><div class="wrap">{_since(visit.tally)}</div></footer>
<div class="toast" role="status"></div><script>{SCRIPT}</script></body></html>"""


def tiles(kinds: Iterable[str], names: Mapping[str, str]) -> str:
    """A row of coloured squares, one per call, and what the colours mean."""
    kinds = tuple(kinds)
    counts = Counter(kinds)
    row = "".join(f'<span class="tile {kind}"></span>' for kind in kinds)
    keys = "".join(
        f'<span class="key"><span class="tile {kind}"></span>{counts[kind]} {escape(name)}</span>'
        for kind, name in names.items()
        if counts[kind]
    )
    return f'<div class="tiles">{row}</div>{keys}'


def price(cents: object) -> str:
    """Cents as money."""
    return f"€ {int(str(cents)) / 100:.2f}"


def _readers(reader: str) -> str:
    links = "".join(
        f'<a href="/?reader={name}"{" aria-current=page" if name == reader else ""}>{title}</a>'
        for name, title in (("guest", "A guest"), ("ada", "Ada, early reader"))
    )
    return f'<nav class="readers" aria-label="Who reads">{links}</nav>'


def _book(book: Mapping[str, object], review: Answer | None) -> str:
    name, title = escape(str(book["id"])), escape(str(book["title"]))
    author, year = escape(str(book["author"])), int(str(book["year"]))
    when = f"{-year} BC" if year < 0 else str(year)
    return f"""<article class="book"><div class="cover" style="color:{covers.title_colour(name)}">{covers.svg(name)}
<b aria-hidden="true">{title}</b><i aria-hidden="true">{author.split()[-1]}</i></div>
<h2>{title}</h2><p class="by">{author}, {when}</p><p class="line">{escape(str(book["line"]))}</p>
<div class="review">{_review(review)}</div>
<form class="buy" method="post" action="/order"><input type="hidden" name="book" value="{name}">
<strong>{price(book["cents"])}</strong><button>Order</button></form></article>"""


def _review(answer: Answer | None) -> str:
    review = answer.json if answer is not None and answer.is_ok else None
    if not isinstance(review, dict) or answer is None:
        return "The reviews are away."
    average, readers = float(review.get("average", 0)), int(review.get("readers", 0))
    stars = (
        f'<span class="stars {escape(answer.version)}" style="--share:{average * 20:.0f}%" role="img" '
        f'aria-label="{average:.1f} of 5 stars">★★★★★</span>'
    )
    tag = f'<span class="tag {escape(answer.version)}">{escape(answer.version)}</span>'
    quote = review.get("quote")
    said = f"<q>{escape(str(quote['words']))}</q>{escape(str(quote['reader']))}" if isinstance(quote, dict) else ""
    return f"{stars} {average:.1f} · {readers} readers {tag}{said}"


def _now(visit: Visit) -> str:
    versions = Counter(answer.version for answer in visit.reviews.values() if answer.is_ok)
    repeated = sum(answer.attempts - 1 for answer in visit.calls)
    catalogue = next((answer.caller for answer in visit.calls if answer.service == "catalogue"), "")
    split = ", ".join(f"{version} × {versions[version]}" for version in sorted(versions)) or "nobody"
    again = f"{repeated}, hidden from you" if repeated else "none this time"
    return f"""<section class="card" id="now"><h3>What the mesh just did</h3>
<p>{len(visit.calls)} calls in {visit.milliseconds:.0f} ms for this page, from sidecar to sidecar over mutual TLS.</p>
{graph.svg(versions)}<dl><dt>Reviews answered by</dt><dd>{escape(split)}</dd><dt>Calls repeated</dt><dd>{again}</dd>
<dt>This page was called by</dt><dd><code>{_identity(visit.caller)}</code></dd>
<dt>The catalogue saw</dt><dd><code>{_identity(catalogue)}</code></dd></dl></section>"""


def _experiments() -> str:
    rows = "".join(
        f"""<div class="try"><h4>{title}</h4><p>{sentence}</p>
<form method="post" action="/try/{name}"{" data-knock" if name == "limit" else ""}><button>{button}</button></form>
<div class="result" aria-live="polite"></div></div>"""
        for name, title, sentence, button in EXPERIMENTS
    )
    return f"""<section class="card"><h3>Try the netting</h3>
<p>Every rule stands in <code>tulle.yaml</code>; edit it, and it holds at once.</p>
<div class="tries">{rows}</div></section>"""


def _away(visit: Visit) -> str:
    reason = next((answer.reason for answer in visit.calls if answer.service == "catalogue"), "")
    return f'<main class="away">The catalogue is away. {escape(reason)}</main>'


def _since(tally: Mapping[str, int]) -> str:
    pages, one, two, again = (f"{tally.get(name, 0):,}" for name in ("pages", "v1", "v2", "repeated"))
    return (
        f"Since the shop was opened: {pages} pages, {one} answers of reviews v1, {two} of v2, {again} repeated calls."
    )


def _identity(uri: str) -> str:
    return escape(uri) if uri else "nobody who said so"


ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%23a8395f'/%3E"
    "%3Cpath d='M9 7h9a5 5 0 0 1 5 5v13H12a3 3 0 0 1-3-3z' fill='%23fff'/%3E%3C/svg%3E"
)
NET = (
    '<svg class="net" aria-hidden="true"><defs>'
    '<pattern id="net" width="28" height="48.5" patternUnits="userSpaceOnUse" fill="none" stroke="currentColor">'
    '<path d="M14 0 L28 8.1 V24.2 L14 32.3 L0 24.2 V8.1Z M14 32.3 V48.5"/></pattern></defs>'
    '<rect width="100%" height="100%" fill="url(#net)"/></svg>'
)
