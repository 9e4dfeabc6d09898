"""The payment grid as a table: each payment with its APR and the total of payments."""

from typing import Final

from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from server.paper.cars import GridCell, GridRow, PaymentGrid
from server.paper.style import CHOSEN, QUIET, RULE
from server.paper.tables import GAP, WIDTH, heading, text
from server.paper.wording.words import dollars, percent

TERMS: Final = 0.14
"""The share of the width that the terms take."""

SMALL: Final = 7
DASH: Final = "–"
SAID: Final = (
    "The same car, price, trade and products, with other terms and other cash down. Below each payment are"
    " its APR and the total of payments."
)


def grid_table(grid: PaymentGrid | None) -> list[Flowable]:
    """Return the grid under its heading, with the paper's own payment marked; nothing without one."""
    if grid is None:
        return []
    heads: list[Paragraph | list[Paragraph]] = [
        text("Cash down", bold=True),
        *(text(dollars(cents), bold=True, right=True) for cents in grid.cash_down_cents),
    ]
    rows: list[list[Paragraph | list[Paragraph]]] = [heads, *(_row(row, grid) for row in grid.rows)]
    own = (grid.column + 1, 1 + [row.term_months for row in grid.rows].index(grid.term_months))
    columns = len(grid.cash_down_cents)
    look = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("BACKGROUND", own, own, CHOSEN),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
    widths = [WIDTH * TERMS, *[WIDTH * (1 - TERMS) / columns] * columns]
    said = text(SAID, 8, color=QUIET, above=2)
    return [
        KeepTogether([heading("Payment by term and cash down"), Table(rows, colWidths=widths, style=look)]),
        said,
        Spacer(0, GAP),
    ]


def _row(row: GridRow, grid: PaymentGrid) -> list[Paragraph | list[Paragraph]]:
    own = row.term_months == grid.term_months
    cells = [_cell(cell, chosen=own and column == grid.column) for column, cell in enumerate(row.cells)]
    return [text(f"{row.term_months} months", bold=own), *cells]


def _cell(cell: GridCell | None, *, chosen: bool) -> list[Paragraph]:
    if cell is None:
        return [text(DASH, right=True, color=QUIET)]
    below = f"{percent(cell.apr_percent)} · {dollars(cell.total_of_payments_cents)}"
    return [
        text(dollars(cell.payment_cents), bold=chosen, right=True),
        text(below, SMALL, right=True, color=QUIET),
    ]
