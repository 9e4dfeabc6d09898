"""Plots of a report as inline SVG. Colours are variables of the page, so they suit light and dark. Pure."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

WIDTH: Final = 880
HEIGHT: Final = 280
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 40
COLOURS: Final = 6
Points = Sequence[tuple[float, float]]


def curves_of(curves: dict[str, list[tuple[float, float]]], labels: dict[str, str]) -> str:
    """Return latencies by percentile: the tail is as wide as the rest, and the height is logarithmic."""
    lines = {labels.get(name, name): points for name, points in curves.items() if points}
    if not lines:
        return ""
    most = max(value for points in lines.values() for _, value in points)
    least = max(0.01, min(value for points in lines.values() for _, value in points))
    finest = max(percent for points in lines.values() for percent, _ in points if percent < 100)
    last = -math.log10(1 - min(finest, 99.999) / 100) + 0.3

    def across(percent: float) -> float:
        return min(last, -math.log10(max(1e-9, 1 - percent / 100))) / last

    y = _log_scale(least, most)
    ticks = [(across(each), f"{each:g} %") for each in (50, 90, 95, 99, 99.9, 99.99) if each <= finest]
    body = _grid(ticks, _log_ticks(least, most, y))
    for number, (name, points) in enumerate(lines.items()):
        body += _line([(across(percent), y(value)) for percent, value in points], number, name)
    return _svg("Latency by percentile, logarithmic", body, list(lines))


def timeline(seconds: Sequence[dict[str, float]], phases: Sequence[tuple[str, float, float]]) -> str:
    """Return p50 and p95 by the second in which they were due, over the phases."""
    taken = [each for each in seconds if "p95_ms" in each]
    if not taken:
        return ""
    end = max([phases[-1][2], *(each["at"] + 1 for each in taken)])
    most = max(each["p95_ms"] for each in taken)
    least = max(0.01, min(each["p50_ms"] for each in taken))
    y = _log_scale(least, most)
    body = _bands(phases, end) + _grid(_time_ticks(end), _log_ticks(least, most, y))
    for number, name in enumerate(("p50_ms", "p95_ms")):
        points = [((each["at"] + 0.5) / end, y(each[name])) for each in taken]
        body += _line(points, number, name.removesuffix("_ms"), dots=True)
    return _svg("Latency over the run", body, ["p50", "p95"])


def events(seconds: Sequence[dict[str, float]], phases: Sequence[tuple[str, float, float]]) -> str:
    """Return events that clients received, by second."""
    most = max((each["events"] for each in seconds), default=0)
    if not most:
        return ""
    end = max([phases[-1][2], *(each["at"] + 1 for each in seconds)])
    top = _nice(most)
    ticks = [(share, f"{top * share:,.0f}") for share in (0, 0.25, 0.5, 0.75, 1)]
    body = _bands(phases, end) + _grid(_time_ticks(end), ticks)
    wide = max(1.0, _inner() / end - 1.5)
    for each in seconds:
        tall = each["events"] / top * (HEIGHT - TOP - BOTTOM)
        x, y = LEFT + each["at"] / end * _inner(), HEIGHT - BOTTOM - tall
        title = f"<title>{each['events']:,.0f} events in second {each['at']:.0f}</title>"
        body += (
            f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}">{title}</rect>'
        )
    return _svg("Events received, by second", body, [])


def steps_of(steps: Sequence[tuple[int, float | None, str]], unit: str, limit: float | None) -> str:
    """Return what each level of ``--until`` measured: (level, milliseconds, holds, breaks or invalid)."""
    taken = [(level, value, kind) for level, value, kind in steps if value is not None]
    if not taken:
        return ""
    values = [value for _, value, _ in taken] + ([limit] if limit else [])
    least, most = max(0.01, min(values)), max(values)
    y, top = _log_scale(least, most), _nice(max(level for level, _, _ in taken))
    ticks = [(share, f"{top * share:,.0f} {unit if share == 1 else ''}") for share in (0, 0.25, 0.5, 0.75, 1)]
    body = _grid(ticks, _log_ticks(least, most, y))
    if limit is not None:
        at = _down(y(limit))
        body += f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
    for level, value, kind in taken:
        title = f"<title>{level} {escape(unit)}: {value:,.1f} ms, {kind}</title>"
        x = LEFT + level / top * _inner()
        body += f'<circle class="{kind}" cx="{x:.1f}" cy="{_down(y(value)):.1f}" r="5">{title}</circle>'
    return _svg("Latency by level", body, [])


def _inner() -> float:
    return WIDTH - LEFT - RIGHT


def _down(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _log_scale(least: float, most: float) -> Callable[[float], float]:
    low, high = math.log10(least) - 0.1, math.log10(most) + 0.1
    return lambda value: (math.log10(max(value, least)) - low) / (high - low)


def _log_ticks(least: float, most: float, y: Callable[[float], float]) -> list[tuple[float, str]]:
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    values = [step * 10.0**decade for decade in decades for step in steps]
    return [(y(value), f"{value:g} ms") for value in values if least * 0.8 <= value <= most * 1.25]


def _time_ticks(end: float) -> list[tuple[float, str]]:
    step = next(each for each in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if end / each <= 12 or each == 600)
    return [(at / end, f"{at} s") for at in range(0, int(end) + 1, step)]


def _nice(value: float) -> float:
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (1, 2, 4, 5, 8, 10) if step * decade >= value)


def _grid(across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]]) -> str:
    parts: list[str] = []
    for share, text in up:
        y = _down(share)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    for share, text in across:
        x = LEFT + share * _inner()
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(text)}</text>'
        )
    return "".join(parts)


def _bands(phases: Sequence[tuple[str, float, float]], end: float) -> str:
    parts: list[str] = []
    for number, (name, begin, stop) in enumerate(phases):
        x, wide = LEFT + begin / end * _inner(), (stop - begin) / end * _inner()
        shade = "steady" if number == 1 else "edge"
        tall = HEIGHT - TOP - BOTTOM
        parts.append(f'<rect class="{shade}" x="{x:.1f}" y="{TOP}" width="{wide:.1f}" height="{tall}"/>')
        if wide > 44:
            parts.append(f'<text class="dim" x="{x + 5:.1f}" y="{TOP + 13}">{escape(name)}</text>')
    return "".join(parts)


def _line(points: Points, number: int, name: str, *, dots: bool = False) -> str:
    places = [(LEFT + x * _inner(), _down(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    colour = f"c{number % COLOURS}"
    drawn = f'<polyline class="{colour}" points="{path}"><title>{escape(name)}</title></polyline>'
    if dots or len(places) == 1:
        drawn += "".join(f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in places)
    return drawn


def _svg(title: str, body: str, names: Sequence[str]) -> str:
    keys = "".join(
        f'<span><i class="k{number % COLOURS}"></i>{escape(name)}</span>' for number, name in enumerate(names)
    )
    legend = f'<p class="keys">{keys}</p>' if keys else ""
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(title)}">{body}</svg>{legend}</figure>'
    )
