"""Plots as SVG, drawn by hand: no library has to be there for a report."""

import math
from collections.abc import Sequence
from html import escape

from tests.bench.results.figures import Figure, median, number

WIDTH, LABELS, RIGHT = 1000, 400, 70
ROW, EDGE = 24, 26
STRIP, STRIP_ROW = 110, 40


class LogScale:
    """Places positive values between two edges, logarithmically."""

    def __init__(self, values: Sequence[float], left: float, right: float) -> None:
        least, most = min(values), max(values)
        self._low = math.log10(least)
        self._span = (math.log10(most) - self._low) or 1.0
        self._left, self._width = left, right - left

    def at(self, value: float) -> float:
        """Return where a value stands."""
        return self._left + self._width * (math.log10(value) - self._low) / self._span


def distance(figure: Figure) -> float:
    """Return how many times better than its goal a figure is; below 1 it is missed."""
    if figure.ratio is None or figure.goal is None:
        raise ValueError(f"{figure.name} has no goal, or nothing to compare with")
    return figure.ratio / figure.goal if figure.rate else figure.goal / figure.ratio


def draw_distances(figures: Sequence[Figure]) -> str:
    """Draw each figure's distance from its goal."""
    if not figures:
        return ""
    distances = [distance(figure) for figure in figures]
    scale = LogScale([*distances, 0.5, 2.0], LABELS, WIDTH - RIGHT)
    height, goal = ROW * len(figures) + 2 * EDGE, scale.at(1.0)
    shapes = [
        f'<line x1="{goal:.1f}" y1="{EDGE - 6}" x2="{goal:.1f}" y2="{height - EDGE}" stroke="var(--dim)"/>'
        f'<text x="{goal:.1f}" y="{EDGE - 10}" text-anchor="middle">goal</text>'
    ]
    for place, (figure, far) in enumerate(zip(figures, distances, strict=True)):
        y, x = EDGE + ROW * place + ROW / 2, scale.at(far)
        color = "var(--met)" if figure.met else "var(--missed)"
        shapes.append(
            f'<text x="{LABELS - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(figure.name)}</text>'
            f'<path d="M{goal:.1f} {y:.1f}H{x:.1f}" stroke="{color}" stroke-width="3"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{color}"/>'
            f'<text x="{WIDTH - 4}" y="{y + 4:.1f}" text-anchor="end">{figure.ratio_text}</text>'
        )
    return _svg(height, "Distance of each figure from its goal", shapes)


def draw_samples(figure: Figure) -> str:
    """Draw every turn of ours above every turn of the floor or peer, with a line at each median."""
    sides = (("ours", "var(--ours)", figure.samples), ("floor or peer", "var(--other)", figure.floor_samples))
    values = [value for _, _, samples in sides for value in samples if value > 0]
    if not values:
        return ""
    scale = LogScale(values, STRIP, WIDTH - RIGHT)
    height = STRIP_ROW * len(sides) + EDGE
    shapes: list[str] = []
    for place, (name, color, samples) in enumerate(sides):
        y = STRIP_ROW * place + STRIP_ROW / 2
        shapes.append(f'<text x="{STRIP - 14}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        shapes += [
            f'<circle cx="{scale.at(value):.1f}" cy="{y:.1f}" r="4" fill="{color}" fill-opacity="0.35"/>'
            for value in samples
            if value > 0
        ]
        if (middle := median(samples)) > 0:
            x = scale.at(middle)
            shapes.append(
                f'<line x1="{x:.1f}" y1="{y - 12:.1f}" x2="{x:.1f}" y2="{y + 12:.1f}" stroke="{color}" '
                f'stroke-width="2"/><text x="{WIDTH - 4}" y="{y + 4:.1f}" text-anchor="end">'
                f"{number(middle)}</text>"
            )
    for value, anchor in ((min(values), "start"), (max(values), "end")):
        x = scale.at(value)
        shapes.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="{anchor}">{number(value)}</text>')
    return _svg(height, f"{figure.name}: each turn", shapes)


def _svg(height: float, title: str, shapes: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img"><title>{escape(title)}</title>'
        f"{''.join(shapes)}</svg>"
    )
