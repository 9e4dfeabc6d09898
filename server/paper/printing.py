"""From stored pencils to a PDF, as one call for a computing process."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.deal.deal_parts import OfferedCar
from protocol.money.lending import RateSheet, RiskModel
from server.database.deals.pencils import StoredPencil


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose paper it is. ``printed_on`` is the day of printing, ``signed_on`` that of the signature, None
    before it (both UTC).
    """

    store: str
    customer: str
    salesperson: str
    deal_id: str
    printed_on: dt.date
    signed_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class GridTables:
    """What a payment grid is computed from, beside its pencil: the tables of the pencil's versions."""

    sheet: RateSheet
    model: RiskModel


@dataclass(frozen=True, slots=True)
class PrintedCar:
    """A car to print: its pencil, and the car as people know it. With ``tables`` a financed car's proposal
    shows the payment grid.
    """

    pencil: StoredPencil
    car: OfferedCar
    tables: GridTables | None = None


def print_paper(heading: Heading, cars: Sequence[PrintedCar]) -> bytes:
    """Return the PDF of one to three cars. Raises StructureError for a pencil without a contract."""
    # Only the process that draws imports what draws: the web process stays small.
    from server.paper.cars import Paper
    from server.paper.figures import car_figures, valid_until, with_grid
    from server.paper.page import render

    figures = [car_figures(each.pencil, each.car) for each in cars]
    if len(cars) == 1 and (tables := cars[0].tables) is not None:
        figures = [with_grid(figures[0], cars[0].pencil, tables.sheet, tables.model)]
    return render(
        Paper(
            store=heading.store,
            customer=heading.customer,
            salesperson=heading.salesperson,
            deal_id=heading.deal_id,
            printed_on=heading.printed_on,
            signed_on=heading.signed_on,
            valid_until=valid_until(heading.printed_on, tuple(each.pencil for each in cars)),
            cars=tuple(figures),
        )
    )
