"""One car as a lease and as a cash deal, beside its financed contract in a quote. Amounts in cents.

Fields that a view hides are absent.
"""

import msgspec
from msgspec import UNSET, UnsetType

from protocol.deal.deal_parts import OfferedCash, OfferedLease
from protocol.money.values import QuoteValue


class QuotedLease(OfferedLease, frozen=True, kw_only=True):
    """A car's best lease. ``value`` is its value to the group: front and product gross, the reserve, and the
    chargebacks expected of it. No credit model is behind it. It is absent if the cost of the car is unknown.
    """

    value: QuoteValue | UnsetType = UNSET
    buy_factor: float | UnsetType = UNSET
    stipulations: list[str] | UnsetType = UNSET


class QuotedLeases(msgspec.Struct, frozen=True, kw_only=True):
    """The lease of a car, or the limit that refuses it. ``best`` is absent then."""

    eligible: bool
    best: QuotedLease | UnsetType = UNSET
    binding: str | UnsetType | None = UNSET


class QuotedCash(OfferedCash, frozen=True, kw_only=True):
    """The car paid in full, at the stated discount, the structure's own or the least that the customer's cash
    needs.

    ``covered``: the customer's maximum cash pays all of it. ``value`` is front and product gross; a cash deal
    has no stress. It is absent if the cost of the car is unknown.
    """

    covered: bool | UnsetType = UNSET
    value: QuoteValue | UnsetType = UNSET


class LeaseGrid(msgspec.Struct, frozen=True, kw_only=True):
    """The lease grid: one row for each term, one column for each cash down, of the lender of the best lease.

    ``payment_cents`` and ``total_of_payments_cents`` are with tax. If a cell is not ``eligible``, ``binding``
    names the limit, and the amounts are null unless the customer's limits are the only ones. The grid is for
    ``miles`` and at ``discount_cents``; ``miles_per_year`` can be chosen. ``over_max`` marks columns beyond
    the customer's cash.
    """

    lender: str | UnsetType = UNSET
    terms_months: list[int]
    cash_down_cents: list[int]
    over_max: list[bool]
    miles: int
    miles_per_year: list[int]
    payment_cents: list[list[int | None]]
    due_at_signing_cents: list[list[int | None]]
    total_of_payments_cents: list[list[int | None]]
    eligible: list[list[bool]]
    lease_value_cents: list[list[int | None]] | UnsetType = UNSET
    binding: list[list[str | None]] | UnsetType = UNSET
    discount_cents: int | UnsetType = UNSET
