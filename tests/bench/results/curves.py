"""Curves over a size, both axes logarithmic, as SVG that needs nothing else: light and dark by the reader."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from tests.bench.results.figures import number
from tests.bench.results.plots import LogScale

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 310, 30, 50
LIGHT: Final = ("#0b63ce", "#1a7f37", "#9a6700", "#8250df", "#cf222e")
DARK: Final = ("#58a6ff", "#3fb950", "#d29922", "#a371f7", "#ff7b72")


@dataclass(frozen=True, slots=True)
class Curve:
    """Positive values over positive sizes, both of one length."""

    name: str
    sizes: Sequence[float]
    values: Sequence[float]


def draw_curves(axis: str, curves: Sequence[Curve]) -> str:
    """Return the curves as SVG. ``axis`` names the sizes. Raises ValueError for no curve, or one below 0."""
    values = [value for curve in curves for value in curve.values]
    sizes = [size for curve in curves for size in curve.sizes]
    if not values or min(*values, *sizes) <= 0:
        raise ValueError("expected curves with positive sizes and values")
    across = LogScale(sizes, LEFT, WIDTH - RIGHT)
    up = LogScale([10**power for power in _powers(values)], HEIGHT - BOTTOM, TOP)
    shapes = [f"<style>{_style()}</style>"]
    for power in _powers(values):
        y = up.at(10**power)
        shapes.append(
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{10**power:,g}</text>'
        )
    for size in sorted(set(sizes)):
        place = f'x="{across.at(size):.1f}" y="{HEIGHT - BOTTOM + 22}"'
        shapes.append(f'<text {place} text-anchor="middle">{_round(size)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    shapes.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(axis)}</text>')
    shapes += _lines(curves, across, up)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(', '.join(curve.name for curve in curves))} by {escape(axis)}</title>"
        f"{''.join(shapes)}</svg>\n"
    )


def _round(size: float) -> str:
    return f"{size:,.0f}" if size >= 1 else f"{size:g}"


def _style() -> str:
    """Return the styles: colours by the reader's scheme, also where the file is shown as an image."""

    def scheme(ink: str, grid: str, colors: Sequence[str]) -> str:
        curves = "".join(
            f".c{place}{{stroke:{color}}}text.c{place},circle.c{place}{{fill:{color};stroke:none}}"
            for place, color in enumerate(colors)
        )
        return f"text{{fill:{ink}}}.grid{{stroke:{grid}}}{curves}"

    dark = scheme("#e6edf3", "#30363d", DARK)
    font = "text{font:13px system-ui,sans-serif}"
    return f"{font}{scheme('#1b1f24', '#d0d7de', LIGHT)}@media (prefers-color-scheme:dark){{{dark}}}"


def _lines(curves: Sequence[Curve], across: LogScale, up: LogScale) -> list[str]:
    shapes = []
    ends = sorted(range(len(curves)), key=lambda place: up.at(curves[place].values[-1]))
    free = float(TOP)
    label_at = {}
    for place in ends:
        free = max(free, up.at(curves[place].values[-1]))
        label_at[place] = free
        free += 18
    for place, curve in enumerate(curves):
        color = f'class="c{place % len(LIGHT)}"'
        points = [
            (across.at(size), up.at(value)) for size, value in zip(curve.sizes, curve.values, strict=True)
        ]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        shapes.append(f'<path d="M{path}" {color} fill="none" stroke-width="2"/>')
        shapes += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {color}><title>{number(value)}</title></circle>'
            for (x, y), value in zip(points, curve.values, strict=True)
        ]
        last = number(curve.values[-1])
        shapes.append(
            f'<text x="{WIDTH - RIGHT + 14}" y="{label_at[place] + 4:.1f}" {color}>'
            f"{escape(curve.name)}: {last}</text>"
        )
    return shapes


def _powers(values: Sequence[float]) -> range:
    """Return the powers of ten that hold all values between them."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return range(low, max(high, low + 1) + 1)
