"""The sums of each way to pay: how the figure of a car comes about, and what it costs in all."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from server.paper.cars import AnyCar, CashCar, CreditCar, LeaseCar, Line, PaperCar
from server.paper.tables import GAP, WIDTH, Row, bare, heading, row, table
from server.paper.wording.words import day, dollars, percent

FINANCED: Final = "Itemization of amount financed"
COST: Final = "Cost of the credit"
CAPITALISED: Final = "How the lease payment comes about"
SIGNING: Final = "Amount due at lease signing"
LEASE_COST: Final = "Cost of the lease"
OUT_THE_DOOR: Final = "Price out the door"

Car = TypeVar("Car", bound=PaperCar)
Block = tuple[str, list[Row]]
"""A heading and its rows."""


def sums(cars: Sequence[AnyCar]) -> list[Flowable]:
    """Return the sums of all cars, those that are paid in the same way beside each other."""
    named = len(cars) > 1
    story: list[Flowable] = []
    credits_ = [car for car in cars if isinstance(car, CreditCar)]
    leases = [car for car in cars if isinstance(car, LeaseCar)]
    in_cash = [car for car in cars if isinstance(car, CashCar)]
    if credits_:
        story += _laid(credits_, [_financed(credits_)], [_credit_cost(credits_)], named=named)
    if leases:
        right = [_signing(leases), _lease_cost(leases)]
        story += _laid(leases, [_capitalised(leases)], right, named=named)
    if in_cash:
        story += _laid(in_cash, [_out_the_door(in_cash)], [], named=named)
    return story


def _laid(
    cars: Sequence[AnyCar], left: Sequence[Block], right: Sequence[Block], *, named: bool
) -> list[Flowable]:
    """Return two halves for one car; for several, one table below the other. ``named``: the paper has other
    cars too.
    """
    if len(cars) == 1:
        half = (WIDTH - 2 * GAP) / 2
        (title, rows), *more = left
        first = (f"{title}, stock {cars[0].stock_no}" if named else title, rows)
        halves = [_stacked(blocks, half) for blocks in ([first, *more], right)]
        return [
            Table([[halves[0], "", halves[1]]], colWidths=[half, 2 * GAP, half], style=bare()),
            Spacer(0, GAP),
        ]
    heads = row("", (f"Stock {car.stock_no}" for car in cars), strong=True)
    (title, rows), *more = left
    return _stacked([(title, [heads, *rows]), *more, *right], WIDTH)


def _stacked(blocks: Sequence[Block], width: float) -> list[Flowable]:
    story: list[Flowable] = []
    for title, rows in blocks:
        story += [heading(title), table(rows, width=width), Spacer(0, GAP)]
    return story


def _line_rows(cars: Sequence[Car], lines_of: Callable[[Car], Sequence[Line]]) -> list[Row]:
    """Return the lines that any of the cars has."""
    names = dict.fromkeys(line.name for car in cars for line in lines_of(car))
    amounts = {
        name: [sum(line.cents for line in lines_of(car) if line.name == name) for car in cars]
        for name in names
    }
    return [row(name, map(dollars, cents)) for name, cents in amounts.items() if any(cents)]


def _financed(cars: Sequence[CreditCar]) -> Block:
    financed = row("Amount financed", (dollars(car.amount_financed_cents) for car in cars), strong=True)
    return FINANCED, [*_line_rows(cars, lambda car: car.lines), financed]


def _credit_cost(cars: Sequence[CreditCar]) -> Block:
    return COST, [
        row("Finance charge", (dollars(car.finance_charge_cents) for car in cars)),
        row("APR", (percent(car.apr_percent) for car in cars)),
        row("Payments", (_regular(car) for car in cars)),
        row("Last payment", (_last(car) for car in cars)),
        row("Total of payments", (dollars(car.total_of_payments_cents) for car in cars), strong=True),
        row("Total sale price", (dollars(car.total_sale_price_cents) for car in cars), strong=True),
    ]


def _regular(car: CreditCar) -> str:
    """Return the payments of one amount: all of them, or all but the last."""
    count = car.payments - (car.last_payment_cents != car.payment_cents)
    return f"{count} × {dollars(car.payment_cents)}"


def _last(car: CreditCar) -> str:
    return f"{dollars(car.last_payment_cents)} on {day(car.last_payment_date)}"


def _capitalised(cars: Sequence[LeaseCar]) -> Block:
    def amounts(name: str, cents: Callable[[LeaseCar], int], *, strong: bool = False) -> list[Paragraph]:
        return row(name, (dollars(cents(car)) for car in cars), strong=strong)

    return CAPITALISED, [
        *_line_rows(cars, lambda car: car.lines),
        amounts("Gross cap cost", lambda car: car.gross_cap_cents, strong=True),
        *_line_rows(cars, lambda car: car.reductions),
        amounts("Adjusted cap cost", lambda car: car.adjusted_cap_cents, strong=True),
        amounts("Residual value", lambda car: -car.residual_cents),
        amounts("Depreciation", lambda car: car.depreciation_cents),
        amounts("Rent charge", lambda car: car.rent_charge_cents),
        amounts("Base payment", lambda car: car.base_payment_cents),
        amounts("Tax on the payment", lambda car: car.payment_tax_cents),
        amounts("Monthly payment", lambda car: car.payment_cents, strong=True),
    ]


def _signing(cars: Sequence[LeaseCar]) -> Block:
    due = row("Due at signing", (dollars(car.due_at_signing_cents) for car in cars), strong=True)
    return SIGNING, [*_line_rows(cars, lambda car: car.signing), due]


def _lease_cost(cars: Sequence[LeaseCar]) -> Block:
    return LEASE_COST, [
        row("Payments", (f"{car.payments} × {dollars(car.payment_cents)}" for car in cars)),
        row("Total of payments", (dollars(car.total_of_payments_cents) for car in cars), strong=True),
        row("Disposition fee", (dollars(car.disposition_fee_cents) for car in cars)),
        row("Total out of pocket", (dollars(car.total_out_of_pocket_cents) for car in cars), strong=True),
        row("Effective monthly cost", (dollars(car.effective_monthly_cents) for car in cars), strong=True),
        row("Miles a year", (f"{car.miles_per_year:,}" for car in cars)),
        row("Each mile beyond", (dollars(car.excess_mile_cents) for car in cars)),
    ]


def _out_the_door(cars: Sequence[CashCar]) -> Block:
    total = row("Out the door", (dollars(car.out_the_door_cents) for car in cars), strong=True)
    return OUT_THE_DOOR, [*_line_rows(cars, lambda car: car.lines), total]
