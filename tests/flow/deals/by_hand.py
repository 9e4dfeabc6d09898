"""A contract as an F&I manager would check it: by hand, in plain arithmetic, without the engine.

Amounts are whole cents. Contracts begin on a first of a month and are due a month later, so every period is
regular.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

MONTHS = 12


def cents(amount: Decimal) -> int:
    """Return an amount rounded half up to the cent."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def tax_cents(base_cents: int, rates_bp: Sequence[int]) -> int:
    """Return the sales tax of several jurisdictions on one base, each rounded by itself."""
    return sum(cents(Decimal(max(0, base_cents)) * rate / 10_000) for rate in rates_bp)


@dataclass(frozen=True)
class Sale:
    """A car and what is sold with it, as the worksheet has it. ``rates_bp`` are the jurisdictions'."""

    price_cents: int
    discount_cents: int
    fees_cents: int
    taxable_fees_cents: int
    rebate_cents: int
    allowance_cents: int
    payoff_cents: int
    rates_bp: tuple[int, ...]
    products_cents: int = 0
    taxable_products_cents: int = 0

    @property
    def tax_cents(self) -> int:
        """The sales tax: the trade's allowance lowers its base."""
        selling = self.price_cents - self.discount_cents
        taxed = selling + self.taxable_fees_cents + self.taxable_products_cents - self.allowance_cents
        return tax_cents(taxed, self.rates_bp)

    @property
    def out_the_door_cents(self) -> int:
        """What a cash buyer pays: negative equity adds to it."""
        costs = self.price_cents - self.discount_cents + self.fees_cents + self.tax_cents
        return costs + self.products_cents - self.rebate_cents - (self.allowance_cents - self.payoff_cents)

    def without(self, price_cents: int, *, taxable: bool) -> "Sale":
        """Return the sale without a product of that price."""
        taxed = self.taxable_products_cents - (price_cents if taxable else 0)
        return replace(self, products_cents=self.products_cents - price_cents, taxable_products_cents=taxed)

    def financed(self, *, cash_cents: int, rate_bp: float, term_months: int) -> "Loan":
        """Return the loan on what the cash leaves."""
        return Loan(self.out_the_door_cents - cash_cents, Decimal(str(rate_bp)), term_months)


@dataclass(frozen=True)
class Loan:
    """Equal monthly payments; the last one takes the cents that are left."""

    principal_cents: int
    rate_bp: Decimal
    term_months: int

    @property
    def payment_cents(self) -> int:
        """The monthly payment."""
        monthly = self.rate_bp / 10_000 / MONTHS
        grown = (1 + monthly) ** self.term_months
        return cents(self.principal_cents * monthly * grown / (grown - 1))

    @property
    def total_cents(self) -> int:
        """The total of payments: month by month, each interest rounded to the cent."""
        monthly, balance = self.rate_bp / 10_000 / MONTHS, self.principal_cents
        for _ in range(self.term_months - 1):
            balance += cents(balance * monthly) - self.payment_cents
        last = balance + cents(balance * monthly)
        return self.payment_cents * (self.term_months - 1) + last


@dataclass(frozen=True)
class Lease:
    """Equal payments for the use of a car: what it loses, and rent on about its average value."""

    adjusted_cap_cents: int
    residual_cents: int
    money_factor: Decimal
    term_months: int

    @property
    def payment_cents(self) -> int:
        """The base payment, before tax."""
        lost = Decimal(self.adjusted_cap_cents - self.residual_cents) / self.term_months
        return cents(lost + (self.adjusted_cap_cents + self.residual_cents) * self.money_factor)
