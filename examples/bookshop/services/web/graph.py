"""The services of the shop as a drawing, with the ways that the last calls took."""

from __future__ import annotations

from collections.abc import Mapping

WIDTH, HEIGHT = 76, 30
"""Of a box."""
PLACES = {
    "gateway": (42, 74),
    "web": (140, 74),
    "catalogue": (238, 22),
    "reviews v1": (238, 74),
    "reviews v2": (238, 116),
    "orders": (140, 158),
    "ratings": (336, 95),
    "stock": (238, 158),
}
"""Centres."""
NOTES = {"ratings": "gRPC", "stock": "TCP", "gateway": "Envoy"}


def svg(versions: Mapping[str, int]) -> str:
    """The drawing; `versions` tells how many calls each version of the reviews answered."""
    one, two = versions.get("v1", 0), versions.get("v2", 0)
    edges = (
        _edge("gateway", "web", "used"),
        _edge("web", "catalogue", "used"),
        _edge("web", "reviews v1", "used" if one else ""),
        _edge("web", "reviews v2", "used v2" if two else ""),
        _edge("reviews v1", "ratings", "used" if one else ""),
        _edge("reviews v2", "ratings", "used v2" if two else ""),
        _edge("web", "orders", ""),
        _edge("orders", "stock", ""),
        '<path class="edge denied" d="M216 132 C206 144 196 150 179 153"/>',
    )
    notes = {**NOTES, "reviews v1": f"{one} of {one + two}", "reviews v2": f"{two} of {one + two}"}
    busy = {"gateway", "web", "catalogue"} | {f"reviews {name}" for name, count in versions.items() if count}
    busy |= {"ratings"} if one + two else set()
    boxes = "".join(_box(name, name in busy, notes.get(name, "")) for name in PLACES)
    return (
        '<svg class="graph" viewBox="0 0 380 180" role="img" aria-label="the gateway calls web; web calls catalogue, '
        f'reviews and orders; reviews call ratings; orders call stock">{"".join(edges)}{boxes}</svg>'
    )


def _edge(start: str, end: str, kind: str) -> str:
    (x1, y1), (x2, y2) = PLACES[start], PLACES[end]
    if x1 == x2:
        return f'<path class="edge {kind}" d="M{x1} {y1 + HEIGHT / 2} V{y2 - HEIGHT / 2}"/>'
    x1, x2 = x1 + WIDTH // 2, x2 - WIDTH // 2
    middle = (x1 + x2) // 2
    return f'<path class="edge {kind}" d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _box(name: str, is_on: bool, note: str) -> str:
    x, y = PLACES[name]
    kind = ("on v2" if name.endswith("v2") else "on") if is_on else ""
    text = f'<text x="{x}" y="{y + (0 if note else 4)}">{name}</text>'
    text += f'<text class="small" x="{x}" y="{y + 10.5}">{note}</text>' if note else ""
    rect = f'<rect x="{x - WIDTH / 2}" y="{y - HEIGHT / 2}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    return f'<g class="{kind}">{rect}{text}</g>'
