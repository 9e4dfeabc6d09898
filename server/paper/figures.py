"""The figures of customers' paper, taken from stored pencils.

Only what a customer may see is read from a pencil: never a value, a cost, a buy rate, a money factor, a
reserve, a tier or a score.
"""

import datetime as dt
from dataclasses import replace
from typing import Final

from msgspec import UnsetType

from protocol.deal.deal_parts import OfferedCar
from protocol.money.lending import RateSheet, RiskModel
from protocol.records import DealKind
from server.database.deals.pencils import StoredPencil
from server.paper.cars import AnyCar, CreditCar
from server.paper.cash import cash_figures
from server.paper.credit import credit_figures
from server.paper.lease import lease_figures
from server.paper.payment_grid import payment_grid

VALID_DAYS: Final = 7
"""How long a paper's figures stand if nothing ends them earlier."""


def car_figures(pencil: StoredPencil, car: OfferedCar) -> AnyCar:
    """Return what a customer's paper says of a pencil.

    Raises StructureError if the car cannot be sold as the pencil's deal pays for it.
    """
    kind = pencil.answer.kind
    if kind is DealKind.CASH:
        return cash_figures(pencil, car)
    if kind is DealKind.LEASE:
        return lease_figures(pencil, car)
    return credit_figures(pencil, car)


def with_grid(car: AnyCar, pencil: StoredPencil, sheet: RateSheet, model: RiskModel) -> AnyCar:
    """Return a financed car with its payment grid; any other as it is. The tables are those of the pencil's
    versions.
    """
    if not isinstance(car, CreditCar):
        return car
    return replace(car, grid=payment_grid(pencil, sheet, model))


def valid_until(printed_on: dt.date, pencils: tuple[StoredPencil, ...]) -> dt.date:
    """Return the last day on which the figures of all pencils stand.

    That is VALID_DAYS after printing, but not after a payoff quote's good-through date, when its per diem
    begins, and not after the day before a contract's first payment.
    """
    ends = [printed_on + dt.timedelta(days=VALID_DAYS)]
    for pencil in pencils:
        good_through = pencil.inputs.structure.payoff_good_through
        if good_through is not None and good_through >= printed_on and pencil.answer.payoff_cents:
            ends.append(good_through)
        # The first payment of a lease is made at signing, and a cash deal has none.
        if isinstance(pencil.answer.kind, UnsetType) or pencil.answer.kind is DealKind.FINANCE:
            ends.append(max(printed_on, pencil.answer.first_payment_date - dt.timedelta(days=1)))
    return min(ends)
