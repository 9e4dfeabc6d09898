"""Payments of a grid that never rise with the cash or the term, also where a programme has several rows.

A row with a lower edge, such as a better rate for large loans, makes way for a dearer one as the cash rises,
and a low rate may end with a short term. What would cost more than a cell with less cash or a shorter term is
not eligible, with the limit that ends the cheaper row.
"""

from collections.abc import Sequence

from server.finance.architect import Choice
from server.finance.quoting.grids.cells import Cell, Place, Way
from server.finance.rules.limits import Limit

Spot = tuple[int, int]
"""The numbers of a term and of a cash."""


def falling_cells(
    places: Sequence[Sequence[Place]], terms: Sequence[int], cash: Sequence[int], offered: Choice | None
) -> list[list[Cell]]:
    """Return for each cash the cells of the terms. The offer's own cell comes first, then each by ascending
    term and cash; of its ways the first that fits to those before it.
    """
    anchor = _anchor(places, terms, cash, offered)
    shown: dict[Spot, Way] = {} if anchor is None else {anchor[0]: anchor[1]}
    cells = [[Cell(place.refused, eligible=False) for place in column] for column in places]
    spots = [(row, column) for row in range(len(terms)) for column in range(len(cash))]
    for row, column in sorted(spots, key=lambda spot: (terms[spot[0]], cash[spot[1]])):
        spot, place = (row, column), places[column][row]
        if spot not in shown and place.ways:
            line = [
                (way, (terms[r], cash[c]) <= (terms[row], cash[column]))
                for (r, c), way in shown.items()
                if r == row or c == column
            ]
            fitting = (way for way in place.ways if not _breaks(way, line))
            found = next(fitting, None)
            if found is None:
                cells[column][row] = Cell(_reason(place, line), eligible=False)
                continue
            shown[spot] = found
        if spot in shown:
            cells[column][row] = shown[spot].cell
    return cells


def _breaks(way: Way, line: Sequence[tuple[Way, bool]]) -> bool:
    """Return whether this payment would rise beside another way; each is marked if it comes before this."""
    return any(
        other.payment < way.payment if before else other.payment > way.payment for other, before in line
    )


def _reason(place: Place, line: Sequence[tuple[Way, bool]]) -> str:
    """Return what ends the cheapest row before a place; if only the offer after it costs more, the rate."""
    least = place.ways[0].payment
    cheaper = [other for other, before in line if before and other.payment < least]
    if not cheaper:
        return Limit.RATE.name.lower()
    return place.limit_of(min(cheaper, key=lambda way: way.payment).row)


def _anchor(
    places: Sequence[Sequence[Place]], terms: Sequence[int], cash: Sequence[int], offered: Choice | None
) -> tuple[Spot, Way] | None:
    """Return the offer's spot and way; None if the grid is not of its programme or leaves its spot out."""
    if offered is None or offered.term_months not in terms or offered.cash_down_cents not in cash:
        return None
    row, column = terms.index(offered.term_months), cash.index(offered.cash_down_cents)
    for way in places[column][row].ways:
        if (way.payment, way.cell.rate_bp) == (offered.payment_cents, offered.rate_bp):
            return (row, column), way
    return None
