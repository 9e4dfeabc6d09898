"""Line plots as SVG, coloured by the page's own style sheet, so that they follow light and dark."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from server.finance.rounding import Floats

WIDTH: Final = 430
HEIGHT: Final = 230
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 34
TICKS: Final = 4
YEAR: Final = 12
SEEN_SHARE: Final = 0.75
"""The part of a term whose hazards are in the picture whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line; ``kind`` is its class in the style sheet."""

    x: Floats
    y: Floats
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Ribbon:
    """What lies between two lines."""

    x: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points, each with its band."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats


def plot(
    title: str,
    months: int,
    lines: Sequence[Line],
    *,
    ribbon: Ribbon | None = None,
    points: Points | None = None,
) -> str:
    """Return an SVG with months on its x axis and percent on its y axis, from 0 on.

    What leaves the picture at the top is cut off.
    """
    top = _nice_top(_highest(lines, ribbon, points))

    def place_x(month: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * month / months

    def place_y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value / top, 1.0)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    parts += _axes(months, top, place_x, place_y)
    if ribbon is not None:
        there = [
            *zip(ribbon.x, ribbon.high, strict=True),
            *zip(ribbon.x[::-1], ribbon.low[::-1], strict=True),
        ]
        parts.append(f'<polygon class="ribbon" points="{_path(there, place_x, place_y)}"/>')
    if points is not None:
        for x, y, low, high in zip(points.x, points.y, points.low, points.high, strict=True):
            if y > top:
                continue
            parts.append(
                f'<path class="range" d="M{place_x(x):.1f} {place_y(low):.1f}V{place_y(high):.1f}"/>'
                f'<circle class="point" cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="2.4"/>'
            )
    parts += [
        f'<polyline class="line {line.kind}" points="{_path(run, place_x, place_y)}"/>'
        for line in lines
        for run in _runs(line, top)
    ]
    return "".join([*parts, "</svg>"])


def _highest(lines: Sequence[Line], ribbon: Ribbon | None, points: Points | None) -> float:
    """Return the highest value that must be seen. Hazards of a term's last months rise without bound as
    balances vanish, and an upper limit may be that of a handful of loans: neither may flatten the rest.
    """
    tops = [float(line.y[: max(1, round(len(line.y) * SEEN_SHARE))].max()) for line in lines if len(line.y)]
    if ribbon is not None:
        tops.append(float(ribbon.high.max(initial=0.0)))
    if points is not None and len(points.y):
        early = points.x <= lines[0].x[-1] * SEEN_SHARE
        tops += [float(points.y[early].max(initial=0.0)), float(np.median(points.high))]
    return max([*tops, 1e-9]) * 1.05


def _nice_top(value: float) -> float:
    scale = float(10.0 ** np.floor(np.log10(value)))
    return next(
        step * scale for step in (1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0) if step * scale >= value
    )


def _axes(
    months: int, top: float, place_x: Callable[[float], float], place_y: Callable[[float], float]
) -> list[str]:
    digits = max(0, int(np.ceil(-np.log10(top * 100 / TICKS) + 0.3)))
    parts = []
    for number in range(TICKS + 1):
        value = top * number / TICKS
        y = place_y(value)
        parts.append(f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{value:.{digits}%}</text>')
    below = [(place_x(month), HEIGHT - BOTTOM + 15, str(month)) for month in range(0, months + 1, YEAR)]
    below.append(((WIDTH + LEFT - RIGHT) / 2, HEIGHT - 4, "month of the loan"))
    parts += [f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{text}</text>' for x, y, text in below]
    return parts


def _runs(line: Line, top: float) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches of a line that lie in the picture."""
    there = line.y <= top
    for first in np.flatnonzero(there & ~np.r_[False, there[:-1]]):
        length = int(np.argmin(np.r_[there[first:], False]))
        shown = slice(first, first + length)
        yield list(zip(line.x[shown].tolist(), line.y[shown].tolist(), strict=True))


def _path(
    points: Iterable[tuple[float, float]],
    place_x: Callable[[float], float],
    place_y: Callable[[float], float],
) -> str:
    return " ".join(f"{place_x(x):.1f},{place_y(y):.1f}" for x, y in points)
