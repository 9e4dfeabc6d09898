"""How time and memory of each step grow with the payments, and what that makes of a production's history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

PRODUCTION = 295_000_000
MILLION = 1_000_000
MEASURES = ("processor", "seconds", "peak MiB")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 300, 60, 40, 30
COLORS = ("#0b62c4", "#b3561e", "#2a7d46")


@dataclass(frozen=True, slots=True)
class Growth:
    """One measure of one step over payments, and the straight line through it.

    What every run costs is the line's ``constant``; ``each`` is what a payment adds. A power of the payments
    would take the constant for slow growth, and promise too little for a history that is much larger.
    """

    step: str
    measure: str
    rows: tuple[float, ...]
    values: tuple[float, ...]
    constant: float
    each: float

    @property
    def production(self) -> float:
        """The measure at PRODUCTION payments."""
        return self.constant + self.each * PRODUCTION


def grown(results: Sequence[Mapping[str, float | str]], steps: Sequence[str]) -> list[Growth]:
    """Return how each measure of each step grew; sizes are the payments of the whole history."""
    sizes = sorted(float(one["rows"]) for one in results if one["step"] == steps[0])
    found = []
    for step in steps:
        mine = [one for one in results if one["step"] == step]
        mine.sort(key=lambda one: float(one["rows"]))
        for measure in MEASURES:
            values = tuple(float(one[measure]) for one in mine)
            each, constant = np.polyfit(sizes, values, 1) if len(sizes) > 1 else (values[0] / sizes[0], 0.0)
            found.append(Growth(step, measure, tuple(sizes), values, float(constant), float(each)))
    return found


def told(growth: Sequence[Growth]) -> Iterator[str]:
    """Yield a line for each measure."""
    for one in growth:
        values = ", ".join(f"{value:,.2f}" for value in one.values)
        yield (
            f"{one.step}, {one.measure}: {values}; {one.constant:,.2f} and"
            f" {one.each * MILLION:,.3f} a million; {PRODUCTION:,} payments: {one.production:,.0f}"
        )


def draw(growth: Sequence[Growth]) -> str:
    """Return an SVG: processor seconds and peak memory on logarithmic scales, with the way to PRODUCTION."""
    pictures = [
        _picture([one for one in growth if one.measure == measure], title, (WIDTH + 20) * place)
        for place, (measure, title) in enumerate(
            (("processor", "processor seconds"), ("peak MiB", "peak memory, MiB"))
        )
    ]
    width = 2 * WIDTH + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif"'
        f' font-size="11"><rect width="{width}" height="{HEIGHT}" fill="#fff"/>{"".join(pictures)}</svg>\n'
    )


def _picture(lines: Sequence[Growth], title: str, left: float) -> str:
    low = np.log10(min(min(one.values) for one in lines)) - 0.1
    high = np.log10(max(one.production for one in lines)) + 0.15
    first, last = np.log10(lines[0].rows[0]) - 0.1, np.log10(PRODUCTION) + 0.1

    def at(rows: float, value: float) -> str:
        x = left + LEFT + (WIDTH - LEFT - 10) * (np.log10(rows) - first) / (last - first)
        y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (np.log10(value) - low) / (high - low)
        return f"{x:.1f},{y:.1f}"

    parts = [f'<text x="{left + LEFT}" y="16" font-weight="bold" fill="#222">{title}</text>']
    for power in range(int(np.ceil(low)), int(np.floor(high)) + 1):
        x, y = at(lines[0].rows[0], 10.0**power).split(",")
        parts.append(f'<path d="M{left + LEFT} {y}H{left + WIDTH - 10}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{left + LEFT - 6}" y="{y}" text-anchor="end" fill="#555">{10.0**power:g}</text>'
        )
    for rows in (*lines[0].rows, PRODUCTION):
        x, _ = at(rows, lines[0].values[0]).split(",")
        text = f"{rows / 1e6:.0f} M"
        parts.append(f'<text x="{x}" y="{HEIGHT - 20}" text-anchor="middle" fill="#555">{text}</text>')
    for color, one in zip(COLORS, lines, strict=True):
        there = [at(*pair) for pair in zip(one.rows, one.values, strict=True)]
        far = at(PRODUCTION, one.production)
        parts.append(f'<polyline points="{" ".join(there)}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(
            f'<polyline points="{there[-1]} {far}" fill="none" stroke="{color}" stroke-dasharray="5 4"/>'
        )
        for place in (*there, far):
            x, y = place.split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>')
        x, y = far.split(",")
        place = f'x="{float(x) - 8:.1f}" y="{float(y) - 6:.1f}"'
        parts.append(f'<text {place} text-anchor="end" fill="{color}">{one.step}</text>')
    return "".join(parts)
