"""What customers' paper is made of: cars with their lines, and the page that they are on.

Amounts are integer cents, signed as they add up.
"""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """An amount of a sum."""

    name: str
    cents: int


@dataclass(frozen=True, slots=True)
class ProductLine:
    """Optional products with what the customer would pay without them: the payment, or the price out the
    door of a cash deal; None if that is not known.
    """

    name: str
    price_cents: int
    without_cents: int | None


@dataclass(frozen=True, slots=True)
class GridCell:
    """What a term costs with an amount of cash down. ``apr_percent`` has four decimals."""

    payment_cents: int
    total_of_payments_cents: int
    apr_percent: float


@dataclass(frozen=True, slots=True)
class GridRow:
    """A term with its cells, one for each amount of cash; None: the lender does not take that."""

    term_months: int
    cells: tuple[GridCell | None, ...]


@dataclass(frozen=True, slots=True)
class PaymentGrid:
    """Terms by cash down, all of one lender program and one discount. The paper's own cell is in the row of
    ``term_months`` and in column ``column``.
    """

    cash_down_cents: tuple[int, ...]
    rows: tuple[GridRow, ...]
    term_months: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCar:
    """One car as it is paid. ``lines`` start at its price and add up to the amount financed, to the gross cap
    cost of a lease, or to the price out the door. ``version`` is the pencil's id.
    """

    vehicle_id: str
    headline: str
    stock_no: str
    vin: str
    mileage: int
    lines: tuple[Line, ...]
    contract_date: dt.date
    allowance_cents: int
    payoff_cents: int
    products: tuple[ProductLine, ...]
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditCar(PaperCar):
    """A financed car with its contract. ``apr_percent`` has four decimals; ``grid`` None: none is shown."""

    amount_financed_cents: int
    prepaid_cents: int
    payment_cents: int
    payments: int
    last_payment_cents: int
    apr_percent: float
    first_payment_date: dt.date
    last_payment_date: dt.date
    finance_charge_cents: int
    total_of_payments_cents: int
    total_sale_price_cents: int
    cash_down_cents: int
    grid: PaymentGrid | None = None

    @property
    def paid_cents(self) -> int:
        """The monthly payment."""
        return self.payment_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCar(PaperCar):
    """A leased car. ``reductions`` lead from the gross to the adjusted cap cost. ``payment_cents`` is what is
    paid each month, with the tax on it; the sum of ``signing`` is due at signing, the first payment included.
    """

    reductions: tuple[Line, ...]
    gross_cap_cents: int
    adjusted_cap_cents: int
    residual_cents: int
    depreciation_cents: int
    rent_charge_cents: int
    base_payment_cents: int
    payment_tax_cents: int
    payment_cents: int
    payments: int
    miles_per_year: int
    excess_mile_cents: int
    signing: tuple[Line, ...]
    due_at_signing_cents: int
    disposition_fee_cents: int
    total_of_payments_cents: int
    total_out_of_pocket_cents: int
    effective_monthly_cents: int
    cash_down_cents: int

    @property
    def paid_cents(self) -> int:
        """The monthly payment, with tax."""
        return self.payment_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class CashCar(PaperCar):
    """A car paid in full."""

    out_the_door_cents: int

    @property
    def paid_cents(self) -> int:
        """The price out the door."""
        return self.out_the_door_cents


AnyCar = CreditCar | LeaseCar | CashCar


@dataclass(frozen=True, slots=True)
class Paper:
    """A page for a customer: one car is a proposal, two or three are a comparison. With ``signed_on`` it is
    the deal that was signed on that day.
    """

    store: str
    customer: str
    salesperson: str
    deal_id: str
    printed_on: dt.date
    valid_until: dt.date
    cars: tuple[AnyCar, ...]
    signed_on: dt.date | None = None
