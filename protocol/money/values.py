"""What a quoted deal is worth to the group, in cents. Fields that a view hides are absent."""

import msgspec
from msgspec import UNSET, UnsetType


class MonthlyCash(msgspec.Struct, frozen=True, kw_only=True):
    """The expected cash of a contract for its holder, not discounted: columns with one entry per month.

    ``collected`` are payments and prepayments, ``recovered`` comes from earlier defaults, ``servicing`` is
    the cost of servicing. They end with the last recovery, so there may be more months than payments.
    """

    collected: list[int]
    recovered: list[int]
    servicing: list[int]


class QuoteValue(msgspec.Struct, frozen=True, kw_only=True):
    """The value of the deal to the group. ``parts`` sum to ``npv_cents``, in the order in which they add up.

    ``stress_npv_cents`` is the same with more defaults and lower recoveries. A sold contract has no
    ``monthly_cash_cents``, and pencils do not store them, because they follow from the rest. If the store
    hides NPVs from its salespeople, they see a ``score``, 1 to 5, instead of both amounts.
    """

    npv_cents: int | UnsetType = UNSET
    stress_npv_cents: int | UnsetType = UNSET
    score: int | UnsetType = UNSET
    parts: dict[str, int] | UnsetType = UNSET
    monthly_cash_cents: MonthlyCash | UnsetType = UNSET
