"""Cars as columns of numbers, with everything that pricing needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from protocol.jobs import NUMBER_COLUMNS, UNKNOWN_COST, rebate_columns
from server.finance.rounding import Cents, Flags
from server.finance.rules.programmes import BASES


@dataclass(frozen=True, slots=True, eq=False)
class Cars:
    """Columns of shape (c,), whole numbers; an amount that a car does not have is 0, and an unknown cost is
    UNKNOWN_COST. Fields as ``jobs.NUMBER_COLUMNS``; ``rebates_without`` are the rebates without each list of
    exclusions of the sheet.
    """

    price_cents: Cents
    cost_cents: Cents
    recon_cents: Cents
    holdback_cents: Cents
    dealer_cash_cents: Cents
    invoice_cents: Cents
    msrp_cents: Cents
    wholesale_cents: Cents
    retail_cents: Cents
    floorplan_day_cents: Cents
    days_in_stock: NDArray[np.int64]
    year: NDArray[np.int64]
    mileage: NDArray[np.int64]
    is_new: NDArray[np.int64]
    rebate_cents: Cents
    transfer_cost_cents: Cents
    transfer_days: NDArray[np.int64]
    rebates_without: tuple[Cents, ...] = field(default=())

    @classmethod
    def of(cls, numbers: Mapping[str, Sequence[int]]) -> "Cars":
        """Return cars from one sequence per column. Raises KeyError if a column is missing, ValueError
        if the lengths differ.
        """
        columns = {name: np.array(numbers[name], dtype=np.int64) for name in NUMBER_COLUMNS}
        without = [np.array(numbers[name], dtype=np.int64) for name in rebate_columns(numbers)]
        if len({len(column) for column in (*columns.values(), *without)}) != 1:
            raise ValueError("expected columns of one length")
        return cls(**columns, rebates_without=tuple(without))

    def __len__(self) -> int:
        return len(self.price_cents)

    def at(self, which: slice | NDArray[np.intp]) -> "Cars":
        """Return some of the cars: a range of them, or those of the given numbers in that order."""
        columns = {name: getattr(self, name)[which] for name in NUMBER_COLUMNS}
        return Cars(**columns, rebates_without=tuple(each[which] for each in self.rebates_without))

    @property
    def cost_known(self) -> Flags:
        """Which cars have a known cost."""
        known: Flags = self.cost_cents != UNKNOWN_COST
        return known

    def book_values(self) -> Cents:
        """Return the values that programmes lend against, of shape (len(BASES), c)."""
        return np.stack([getattr(self, f"{basis.value}_cents") for basis in BASES])

    def rebates(self, lists: int) -> Cents:
        """Return the whole rebate, then that without each of ``lists`` lists of exclusions; shape
        (c, 1 + lists). A car whose rebate without a list is not known has none.
        """
        known = self.rebates_without[:lists]
        missing = [np.zeros_like(self.rebate_cents)] * (lists - len(known))
        return np.stack([self.rebate_cents, *known, *missing], axis=1)
