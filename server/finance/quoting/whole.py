"""The whole computation of a quote, as one call for a computing process."""

from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET, UnsetType

from protocol.commands import Roll
from protocol.money.lending import Programme
from protocol.money.menu import QuoteMenu
from protocol.money.quotes import FrontierPoint, LenderRules, QuoteGrid, QuoteRoll, QuoteWarning
from protocol.money.values import QuoteValue
from protocol.money.ways import LeaseGrid, QuotedCash, QuotedLeases
from protocol.records import DealKind
from server.finance.architect import Missed, missed
from server.finance.quoting.case import Case
from server.finance.quoting.grids.axes import GridQuestion
from server.finance.quoting.grids.grid import quote_grid
from server.finance.quoting.in_cash import in_cash
from server.finance.quoting.leases import quote_lease, quote_lease_grid
from server.finance.quoting.products import quote_menu
from server.finance.quoting.rolling import quote_roll
from server.finance.quoting.structure import Quoted, quote_cash, quote_financed, quote_structure
from server.finance.quoting.trade_offs import frontier_point
from server.finance.quoting.warnings import quote_warnings


@dataclass(frozen=True, slots=True)
class WholeQuote:
    """A quote of a case with the grid around it.

    ``value`` has the monthly cash, which pencils do not store.
    """

    case: Case
    quoted: Quoted
    value: QuoteValue | UnsetType
    grid: QuoteGrid
    warnings: list[QuoteWarning]
    roll: QuoteRoll | None
    rate_or_rebate: list[FrontierPoint]
    rules: LenderRules | None
    menu: QuoteMenu | None = None
    cash: QuotedCash | None = None
    lease: QuotedLeases | None = None
    lease_grid: LeaseGrid | None = None
    missed: Missed | None = None


def quote_whole(
    case: Case,
    asked: GridQuestion,
    roll: Roll | None,
    desk: bool,
    kept: Case | None = None,
) -> WholeQuote:
    """Return the best structure of a case, its grid, its warnings, the requested roll, and the menu of
    products if there is a catalogue and a contract, and the car as a cash deal and as a lease.

    If there is an offer for ``kept``, the case has its programme and its discount.
    ``desk``: for a person who may set prices and sees ACV and cost. Raises StructureError and RiskModelError
    as ``quote_structure``.
    """
    # Before the offer's discount is taken over: that discount is for a lender's sake.
    cash = in_cash(case)
    lease, lease_grid = quote_lease(case), quote_lease_grid(case, asked)
    offer = None if kept is None else quote_structure(kept).choice
    if offer is not None:
        case = replace(case, programme_id=offer.programme_id).at_discount(offer.discount_cents)
    quoted = quote_structure(case)
    # The payment grid and its surroundings are there for every kind, so that they can be compared. The
    # programme of a lease is none of a loan.
    loan = replace(case, programme_id=None) if case.inputs.structure.kind is DealKind.LEASE else case
    financed = quoted if quoted.answer.kind is UNSET else quote_financed(loan)
    choice, request = financed.choice, financed.request
    return WholeQuote(
        case=case,
        quoted=quoted,
        value=_value(case, quoted),
        grid=quote_grid(loan, asked, choice),
        warnings=quote_warnings(case, quoted, desk=desk),
        roll=None if roll is None else quote_roll(loan, financed, roll, desk=desk),
        rate_or_rebate=[frontier_point(choice) for choice in financed.rate_or_rebate],
        rules=None if choice is None else _rules(loan.row(choice)),
        menu=None if request is None else quote_menu(loan, request, financed.answer),
        cash=None if cash is None else cash.quoted,
        lease=lease,
        lease_grid=lease_grid,
        missed=_missed(case, quoted),
    )


def _missed(case: Case, quoted: Quoted) -> Missed | None:
    """Return by how much a refused car misses its limit; None if another limit is told."""
    if quoted.answer.eligible or quoted.answer.kind is not UNSET or case.pricing is None:
        return None
    found = missed(case.pricing, case.car)
    return found if found is not None and found.binding == quoted.answer.binding else None


def _rules(row: Programme) -> LenderRules:
    fields = {name: getattr(row, name) for name in LenderRules.__struct_fields__ if hasattr(row, name)}
    return LenderRules(
        **fields | {"term_min_months": row.shortest_months, "term_max_months": row.term_months}
    )


def _value(case: Case, quoted: Quoted) -> QuoteValue | UnsetType:
    value, choice = quoted.answer.value, quoted.choice
    if isinstance(value, UnsetType) or choice is None:
        return UNSET
    return msgspec.structs.replace(value, monthly_cash_cents=quote_cash(case, choice) or UNSET)
