"""Paragraphs and tables of customers' paper."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from reportlab.lib.pagesizes import letter
from reportlab.lib.units import inch
from reportlab.platypus import Paragraph, Table, TableStyle

from server.paper.style import RULE, printable, style

MARGIN: Final = 0.6 * inch
WIDTH: Final = letter[0] - 2 * MARGIN
LABELS: Final = 0.3
ONE_LABEL: Final = 0.54
"""The share of a table's width that its labels take, beside several columns and beside one."""

GAP: Final = 10

Row = list[Paragraph]


def text(said: str, size: float = 9, **look: Any) -> Paragraph:
    """Return a paragraph of plain text; ``look`` as ``style``."""
    return Paragraph(printable(said), style(size, **look))


def heading(said: str) -> Paragraph:
    """Return the heading of a table."""
    return text(said, 10.5, bold=True)


def row(name: str, cells: Iterable[str], *, strong: bool = False) -> Row:
    """Return a label with its cells."""
    return [text(name, bold=strong), *(text(cell, bold=strong, right=True) for cell in cells)]


def table(rows: Sequence[Row], *, width: float = WIDTH) -> Table:
    """Return ruled rows of one label and equal columns."""
    columns = len(rows[0]) - 1
    labels = width * (ONE_LABEL if columns == 1 else LABELS)
    look = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
        ]
    )
    return Table(rows, colWidths=[labels, *[(width - labels) / columns] * columns], style=look)


def bare(apart: float = 0) -> TableStyle:
    """Return the look of a table that only places its cells, ``apart`` points from each other."""
    return TableStyle(
        [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), apart),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
