"""A cover for every book: a palette and a few shapes, drawn in the page. Nothing is fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cover:
    """Colours of the cloth and of the print, and what is printed on a field of 120 × 170."""

    cloth: str
    print: str
    accent: str
    shapes: str


def svg(book: str) -> str:
    """The cover of a book as an SVG element, without its title."""
    cover = COVERS.get(book, PLAIN)
    return (
        f'<svg class="art" viewBox="0 0 120 170" preserveAspectRatio="xMidYMid slice" aria-hidden="true" '
        f'style="--cloth:{cover.cloth};--print:{cover.print};--accent:{cover.accent}">'
        f'<rect width="120" height="170" fill="var(--cloth)"/>{cover.shapes}'
        '<rect x="5.5" y="5.5" width="109" height="159" rx="1.5" fill="none" stroke="var(--print)" opacity=".45"/>'
        '<rect width="7" height="170" fill="#000" opacity=".14"/>'
        '<rect x="7" width="1" height="170" fill="#fff" opacity=".18"/></svg>'
    )


def title_colour(book: str) -> str:
    """The colour in which the title is printed."""
    return COVERS.get(book, PLAIN).print


def _rings(x: float, y: float, radii: range, opacity: float = 1.0) -> str:
    circles = "".join(f'<circle cx="{x}" cy="{y}" r="{radius}"/>' for radius in radii)
    return f'<g fill="none" stroke="var(--print)" stroke-width="1.3" opacity="{opacity}">{circles}</g>'


def _waves(heights: range) -> str:
    paths = "".join(f'<path d="M-10 {y} q10 -8 20 0 t20 0 20 0 20 0 20 0 20 0 20 0"/>' for y in heights)
    return f'<g fill="none" stroke="var(--print)" stroke-width="1.5" opacity=".8">{paths}</g>'


def _dial(x: float, y: float) -> str:
    ticks = "".join(
        f'<path d="M{x} {y - 34} v{7 if turn % 90 == 0 else 4}" transform="rotate({turn} {x} {y})"/>'
        for turn in range(0, 360, 15)
    )
    return f'<g stroke="var(--print)" stroke-width="1.5">{ticks}</g>'


COVERS = {
    "middlemarch": Cover(
        "#2f5d50",
        "#f3e6c4",
        "#e0a458",
        '<circle cx="84" cy="88" r="15" fill="var(--accent)"/>'
        '<path d="M0 128 q30 -34 62 -8 t58 -12 V170 H0Z" fill="var(--print)" opacity=".28"/>'
        '<path d="M0 142 q34 -26 66 -6 t54 -8 V170 H0Z" fill="var(--print)" opacity=".4"/>'
        '<path d="M20 121 v-13 l8 -8 8 8 v13Z M40 117 v-9 l6 -6 6 6 v11Z" fill="var(--print)"/>',
    ),
    "frankenstein": Cover(
        "#23283b",
        "#d8e3f0",
        "#c8e05a",
        '<path d="M72 66 L42 116 h18 l-10 32 36 -46 H68 l18 -36Z" fill="var(--accent)"/>'
        + _rings(62, 110, range(44, 70, 8), 0.3),
    ),
    "moby-dick": Cover(
        "#1d4e6b",
        "#eaf2f2",
        "#eaf2f2",
        '<path d="M60 132 c-3 -22 -4 -32 -25 -44 c-2 12 6 22 19 24 M60 132 c3 -22 4 -32 25 -44 c2 12 -6 22 -19 24" '
        'fill="var(--accent)"/>' + _waves(range(124, 148, 8)),
    ),
    "walden": Cover(
        "#6b7a3a",
        "#f6f0d6",
        "#33401a",
        '<path d="M22 118 l9 -30 9 30Z M40 118 l11 -42 11 42Z M84 118 l8 -26 8 26Z" fill="var(--accent)"/>'
        '<g fill="none" stroke="var(--print)" stroke-width="1.4"><ellipse cx="62" cy="136" rx="44" ry="14"/>'
        '<ellipse cx="62" cy="136" rx="30" ry="9"/><ellipse cx="62" cy="136" rx="15" ry="4"/></g>',
    ),
    "alice": Cover(
        "#8c3b5e",
        "#fde8ec",
        "#2d1220",
        '<circle cx="62" cy="110" r="9" fill="var(--accent)"/>'
        + _rings(62, 110, range(12, 42, 6))
        + '<path d="M56 104 c-6 -16 -2 -24 1 -24 s5 10 4 24 M66 104 c-1 -14 1 -24 4 -24 s7 8 1 24" '
        'fill="var(--print)"/>',
    ),
    "odyssey": Cover(
        "#c4692f",
        "#fff1d8",
        "#7a2f14",
        '<circle cx="62" cy="96" r="24" fill="var(--print)" opacity=".9"/>'
        '<path d="M64 70 v48 h26 c0 -24 -12 -40 -26 -48Z M36 122 h56 l-9 12 H46Z" fill="var(--accent)"/>'
        + _waves(range(132, 150, 8)),
    ),
    "time-machine": Cover(
        "#3d3357",
        "#f0dca8",
        "#e8775a",
        _dial(62, 112) + '<circle cx="62" cy="112" r="3.5" fill="var(--accent)"/>'
        '<path d="M62 112 V86 M62 112 l18 10" stroke="var(--accent)" stroke-width="2.4" stroke-linecap="round"/>',
    ),
    "eighty-days": Cover(
        "#274690",
        "#f4ead2",
        "#e4572e",
        '<g fill="none" stroke="var(--print)" stroke-width="1.3"><circle cx="62" cy="108" r="36"/>'
        '<ellipse cx="62" cy="108" rx="14" ry="36"/><ellipse cx="62" cy="108" rx="27" ry="36"/>'
        '<path d="M26 108 h72 M31 90 h62 M31 126 h62"/></g>'
        '<path d="M30 126 C46 84 76 132 94 88" fill="none" stroke="var(--accent)" stroke-width="2.6" '
        'stroke-linecap="round" stroke-dasharray="1 5"/><circle cx="94" cy="88" r="4" fill="var(--accent)"/>',
    ),
    "persuasion": Cover(
        "#b7c9c3",
        "#27403b",
        "#b4436c",
        '<rect x="26" y="88" width="72" height="48" rx="2" fill="#fdfaf2" stroke="var(--print)" stroke-width="1.3"/>'
        '<path d="M26 89 l36 28 36 -28" fill="none" stroke="var(--print)" stroke-width="1.3"/>'
        '<circle cx="62" cy="117" r="7.5" fill="var(--accent)"/>',
    ),
}
PLAIN = Cover("#55504a", "#f2ede4", "#c9b896", _rings(62, 112, range(8, 40, 8)))
