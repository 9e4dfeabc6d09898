"""A flame graph as one HTML file that needs nothing else: no script, font or style from elsewhere. Pure."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final, NamedTuple
from zlib import crc32

from server.doctor.profiling.stacks import Cost, Frame, Profile, costs_of, tree_of

WIDTH: Final = 1200.0
ROW: Final = 17
LEAST_WIDTH: Final = 0.3
"""Narrower frames are left out: nobody sees them, and there are many."""

CHARACTER_WIDTH: Final = 6.6
OURS: Final = ("server.", "protocol.")
SHOWN_COSTS: Final = 15


class Box(NamedTuple):
    """A frame in its place: left edge, width and row, the lowest row first."""

    frame: Frame
    left: float
    width: float
    row: int


def boxes_of(top: Frame) -> list[Box]:
    """Return where each frame is drawn: as wide as its share, upon the one that called it."""
    return list(_boxes(top, 0.0, WIDTH, 0))


def flame_html(profile: Profile, title: str, note: str) -> str:
    """Return the page of a profile. ``note`` says how it was taken."""
    top = tree_of(profile)
    boxes = boxes_of(top)
    height = (max(box.row for box in boxes) + 1) * ROW
    drawn = "".join(_drawn(box, height, top.samples) for box in boxes)
    page = files("server.doctor.profiling").joinpath("flame.html").read_text(encoding="utf-8")
    parts = {
        "{{title}}": escape(title),
        "{{note}}": escape(note),
        "{{rows}}": _rows(costs_of(profile)[:SHOWN_COSTS]),
        "{{height}}": str(height),
        "{{width}}": f"{WIDTH:g}",
        "{{frames}}": drawn,
    }
    for mark, text in parts.items():
        page = page.replace(mark, text)
    return page


def _boxes(frame: Frame, left: float, width: float, row: int) -> Iterator[Box]:
    yield Box(frame, left, width, row)
    for child in sorted(frame.children.values(), key=lambda each: each.name):
        part = width * child.samples / frame.samples
        if part >= LEAST_WIDTH:
            yield from _boxes(child, left, part, row + 1)
        left += part


def _drawn(box: Box, height: int, samples: int) -> str:
    name = box.frame.name
    share = box.frame.samples / max(1, samples)
    y = height - (box.row + 1) * ROW
    text = _fitting(name, box.width)
    label = f'<text x="{box.left + 3:.2f}" y="{y + 12}">{escape(text)}</text>' if text else ""
    return (
        f'<g data-n="{escape(name)}" data-x="{box.left:.3f}" data-w="{box.width:.3f}" data-r="{box.row}">'
        f"<title>{escape(name)}: {box.frame.samples:,} samples, {share:.1%}</title>"
        f'<rect x="{box.left:.2f}" y="{y}" width="{max(0.1, box.width - 0.5):.2f}" height="{ROW - 1}"'
        f' fill="{_color(name)}"/>{label}</g>\n'
    )


def _fitting(name: str, width: float) -> str:
    most = int((width - 6) / CHARACTER_WIDTH)
    if most < 3:
        return ""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _color(name: str) -> str:
    """Return a warm color for what is ours, a cool one for what is not; the same name always has the same."""
    shade = crc32(name.encode()) % 30
    if name.startswith(OURS):
        return f"hsl({15 + shade},85%,{62 + shade % 8}%)"
    return f"hsl({195 + shade},35%,{72 + shade % 8}%)"


def _rows(costs: Sequence[Cost]) -> str:
    return "".join(
        f"<tr><td>{cost.own:.1%}</td><td>{cost.total:.1%}</td><td>{escape(cost.name)}</td></tr>\n"
        for cost in costs
    )
