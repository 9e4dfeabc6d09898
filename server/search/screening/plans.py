"""A cache of plans and price windows, shared by all searches and pages of a deal with unchanged terms."""

from collections import OrderedDict
from typing import TYPE_CHECKING

from protocol import codec
from protocol.money.inputs import DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet
from server.search.sql.query import PriceWindow

if TYPE_CHECKING:
    from server.finance.plan import Plan
    from server.search.screening.other_terms import OtherTerms

MOST_KEPT = 256

Key = tuple[str, str, int, bytes]
"""Versions of the rate sheet and the lease sheet, largest rebate in cents, inputs."""


class Plans:
    """The most recently used plans."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[Plan, PriceWindow | None, OtherTerms]] = OrderedDict()

    def of(
        self,
        inputs: DealInputs,
        sheet: RateSheet,
        largest_rebate_cents: int,
        leases: LeaseSheet | None = None,
    ) -> "tuple[Plan, PriceWindow | None, OtherTerms]":
        """Return a deal's plan under a rate sheet and a lease sheet, the price window that every match but a
        leased one lies in, and the terms that the deal does not offer.

        The window is None if none is known.
        """
        from server.finance.cash_sales import search_window
        from server.finance.plan import plan_deal
        from server.search.screening.other_terms import OtherTerms

        version = "" if leases is None else leases.version
        key = sheet.version, version, largest_rebate_cents, codec.encode(inputs)
        found = self._kept.get(key)
        if found is None:
            plan = plan_deal(inputs, sheet, leases=leases)
            found = self._kept[key] = (
                plan,
                search_window(plan, largest_rebate_cents),
                OtherTerms(plan, leases),
            )
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found
