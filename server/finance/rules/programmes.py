"""A rate sheet's programmes as columns, and which of them take this customer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.events import Fix
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import AdvanceRule, Disposition, LtvBasis, Programme, RateSheet
from server.finance.rounding import Cents, Flags, hundredths_of_bp
from server.finance.rules.deal_limits import customer_limits, deal_limits, rate_limits
from server.finance.rules.limits import Limit

Whole = NDArray[np.int64]

BASES = (LtvBasis.INVOICE, LtvBasis.MSRP, LtvBasis.WHOLESALE, LtvBasis.RETAIL)
"""The order of a car's values in ``Cars.book_values``."""

NO_CAP = np.iinfo(np.int64).max
"""The cap of a programme that has none, in cents."""


@dataclass(frozen=True, slots=True)
class TermRow:
    """A row of the rate sheet at one of its terms. ``takes_rate``: it may be offered at the deal's rate."""

    row: Programme
    term_months: int
    takes_rate: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Programmes:
    """Programmes in columns of shape (p,), one for each row and term. Rates, shares and ratios in hundredths
    of a basis point, amounts in cents.

    A programme without ``takes_rate`` is never offered: it is there because a dearer row of its lender may
    not be offered where it fits. ``negative_equity_max`` and ``reserve_max`` are NO_CAP if there is none.
    """

    row: NDArray[np.object_]
    takes_rate: Flags
    programme_id: NDArray[np.object_]
    lender: NDArray[np.object_]
    term: Whole
    new_cars: Flags
    used_cars: Flags
    year_min: Whole
    year_max: Whole
    mileage_min: Whole
    mileage_max: Whole
    new_basis: Whole
    used_basis: Whole
    ltv_front_max: Whole
    ltv_total_max: Whole
    ltv_min: Whole
    price_ttl: Flags
    negative_equity_max: Cents
    down_min: Cents
    amount_min: Cents
    amount_max: Cents
    pti_max: Whole
    dti_max: Whole
    buy_rate: Whole
    markup_max: Whole
    reserve_method: NDArray[np.object_]
    reserve_share: Whole
    reserve_flat: Cents
    reserve_max: Cents
    chargeback_months: Whole
    lender_fee: Cents
    acquisition: Cents
    held: Flags

    def __len__(self) -> int:
        return len(self.term)


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """The programmes for a deal. If there are none, ``empty`` is the limit that excluded the last of them,
    and ``fix`` the change that meets it; else NONE and None.
    """

    programmes: Programmes
    empty: Limit = Limit.NONE
    fix: Fix | None = None


def select_programmes(sheet: RateSheet, inputs: DealInputs, only: str | None = None) -> Selected:
    """Return the programmes for the structure's tier, terms and rate and the customer's score, if that is
    known, within what state and lender allow on every car; ``only`` those of one programme.
    """
    limits = (*customer_limits(inputs), *deal_limits(inputs))
    rows: Sequence[Programme] = [row for row in sheet.programmes if only in {None, row.programme_id}]
    for each in limits:
        within = [row for row in rows if each.takes(row)]
        if not within:
            return Selected(_columns([]), each.limit, each.meets(rows) if rows else None)
        rows = within
    taken = rows
    for each in rate_limits(inputs):
        taken = [row for row in taken if each.takes(row)]
        if not taken:
            return Selected(_columns([]), each.limit)
    if only is not None:
        # Cheaper rows of the lender's other programmes still apply where they fit.
        others = [row for row in sheet.programmes if row.programme_id != only]
        rows = [*rows, *(row for row in others if all(each.takes(row) for each in limits))]
    structure = inputs.structure
    terms = structure.terms_months if structure.term_months is None else [structure.term_months]
    return Selected(
        _columns(
            [
                TermRow(row, months, takes_rate)
                for row, takes_rate in _with_cheaper(rows, taken, inputs)
                for months in sorted(terms)
                if row.takes_term(months)
            ]
        )
    )


def terms_of(sheet: RateSheet) -> set[int]:
    """Return the terms that a sheet's rows may be offered at: the ends of their bands and the whole years
    between.
    """
    bands = {(row.shortest_months, row.term_months) for row in sheet.programmes}
    return {
        months
        for shortest, longest in bands
        for months in (shortest, longest, *range(-(-shortest // 12) * 12, longest, 12))
    }


def _with_cheaper(
    rows: Sequence[Programme], taken: Sequence[Programme], inputs: DealInputs
) -> list[tuple[Programme, bool]]:
    """Return the rows that take the deal's rate, and the cheaper ones of the same lenders that do not."""
    if inputs.row_rule is not RowRule.CHEAPEST or len(rows) == len(taken):
        return [(row, True) for row in taken]
    dearest: dict[str, float] = {}
    for row in taken:
        dearest[row.lender] = max(row.buy_rate_bp, dearest.get(row.lender, 0.0))
    offered = set(map(id, taken))
    return [
        (row, id(row) in offered)
        for row in rows
        if id(row) in offered or row.buy_rate_bp < dearest.get(row.lender, 0.0)
    ]


def _columns(at_terms: Sequence[TermRow]) -> Programmes:
    rows = [each.row for each in at_terms]

    def whole(values: list[int]) -> Whole:
        return np.array(values, dtype=np.int64)

    def flags(values: list[bool]) -> Flags:
        return np.array(values, dtype=np.bool_)

    def caps(values: list[int | None]) -> Whole:
        return whole([NO_CAP if value is None else value for value in values])

    as_objects = np.empty(len(rows), dtype=object)
    as_objects[:] = rows
    return Programmes(
        row=as_objects,
        takes_rate=flags([each.takes_rate for each in at_terms]),
        programme_id=np.array([row.programme_id for row in rows], dtype=object),
        lender=np.array([row.lender for row in rows], dtype=object),
        term=whole([each.term_months for each in at_terms]),
        new_cars=flags([row.new_cars for row in rows]),
        used_cars=flags([row.used_cars for row in rows]),
        year_min=whole([row.year_min for row in rows]),
        year_max=whole([row.year_max for row in rows]),
        mileage_min=whole([row.mileage_min for row in rows]),
        mileage_max=whole([row.mileage_max for row in rows]),
        new_basis=whole([BASES.index(row.new_ltv_basis) for row in rows]),
        used_basis=whole([BASES.index(row.used_ltv_basis) for row in rows]),
        ltv_front_max=whole([hundredths_of_bp(row.ltv_front_max_bp) for row in rows]),
        ltv_total_max=whole([hundredths_of_bp(row.ltv_total_max_bp) for row in rows]),
        ltv_min=whole([hundredths_of_bp(row.ltv_min_bp) for row in rows]),
        price_ttl=flags([row.advance_rule is AdvanceRule.PRICE_TTL for row in rows]),
        negative_equity_max=caps([row.negative_equity_max_cents for row in rows]),
        down_min=whole([row.down_min_cents for row in rows]),
        amount_min=whole([row.amount_min_cents for row in rows]),
        amount_max=whole([row.amount_max_cents for row in rows]),
        pti_max=whole([hundredths_of_bp(row.pti_max_bp) for row in rows]),
        dti_max=whole([hundredths_of_bp(row.dti_max_bp) for row in rows]),
        buy_rate=whole([hundredths_of_bp(row.buy_rate_bp) for row in rows]),
        markup_max=whole([hundredths_of_bp(row.markup_max_bp) for row in rows]),
        reserve_method=np.array([row.reserve_method for row in rows], dtype=object),
        reserve_share=whole([hundredths_of_bp(row.reserve_share_bp) for row in rows]),
        reserve_flat=whole([row.reserve_flat_cents for row in rows]),
        reserve_max=caps([row.reserve_max_cents for row in rows]),
        chargeback_months=whole([row.chargeback_months for row in rows]),
        lender_fee=whole([row.lender_fee_cents for row in rows]),
        acquisition=whole([row.acquisition_cents for row in rows]),
        held=flags([row.disposition is Disposition.HELD for row in rows]),
    )
