"""A rate sheet's programmes as columns, and which of them take this customer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import DealInputs
from protocol.money.lending import Disposition, LtvBasis, Programme, RateSheet
from server.finance.limits import Limit
from server.finance.rounding import Cents, Flags, hundredths_of_bp

Whole = NDArray[np.int64]

BASES = (LtvBasis.INVOICE, LtvBasis.MSRP, LtvBasis.WHOLESALE, LtvBasis.RETAIL)
"""The order of a car's values in ``Cars.book_values``."""


@dataclass(frozen=True, slots=True, eq=False)
class Programmes:
    """Programmes in columns of shape (p,). Rates, shares and ratios in hundredths of a basis point, amounts
    in cents.
    """

    programme_id: NDArray[np.object_]
    lender: NDArray[np.object_]
    stipulations: NDArray[np.object_]
    term: Whole
    new_cars: Flags
    used_cars: Flags
    year_min: Whole
    mileage_max: Whole
    new_basis: Whole
    used_basis: Whole
    ltv_front_max: Whole
    ltv_total_max: Whole
    amount_min: Cents
    amount_max: Cents
    pti_max: Whole
    dti_max: Whole
    buy_rate: Whole
    markup_max: Whole
    reserve_method: NDArray[np.object_]
    reserve_share: Whole
    reserve_flat: Cents
    chargeback_months: Whole
    lender_fee: Cents
    acquisition: Cents
    held: Flags

    def __len__(self) -> int:
        return len(self.term)


def select_programmes(sheet: RateSheet, inputs: DealInputs) -> tuple[Programmes, Limit]:
    """Return the programmes for the structure's tier, terms and rate and the customer's score, if that is
    known.

    If there are none, also return the limit that excluded the last of them; else ``Limit.NONE``.
    """
    structure, score = inputs.structure, inputs.score
    terms = set(structure.terms_months if structure.term_months is None else [structure.term_months])
    steps = (
        (Limit.TIER, lambda row: row.tier == structure.tier),
        (Limit.SCORE, lambda row: score is None or row.score_min <= score <= row.score_max),
        (Limit.TERM, lambda row: row.term_months in terms),
        (Limit.RATE, lambda row: _takes_rate(row, inputs)),
    )
    rows: Sequence[Programme] = sheet.programmes
    for limit, takes in steps:
        rows = [row for row in rows if takes(row)]
        if not rows:
            return _columns([]), limit
    return _columns(rows), Limit.NONE


def _takes_rate(row: Programme, inputs: DealInputs) -> bool:
    """Return whether a stated rate fits the programme: overrides may only lower the standard rate."""
    stated = inputs.structure.rate_bp
    if stated is None:
        return True
    standard = min(hundredths_of_bp(row.markup_max_bp), hundredths_of_bp(inputs.standard_markup_bp))
    return 0 <= hundredths_of_bp(stated) - hundredths_of_bp(row.buy_rate_bp) <= standard


def _columns(rows: Sequence[Programme]) -> Programmes:
    def whole(values: list[int]) -> Whole:
        return np.array(values, dtype=np.int64)

    def flags(values: list[bool]) -> Flags:
        return np.array(values, dtype=np.bool_)

    stipulations = np.empty(len(rows), dtype=object)
    stipulations[:] = [row.stipulations for row in rows]
    return Programmes(
        programme_id=np.array([row.programme_id for row in rows], dtype=object),
        lender=np.array([row.lender for row in rows], dtype=object),
        stipulations=stipulations,
        term=whole([row.term_months for row in rows]),
        new_cars=flags([row.new_cars for row in rows]),
        used_cars=flags([row.used_cars for row in rows]),
        year_min=whole([row.year_min for row in rows]),
        mileage_max=whole([row.mileage_max for row in rows]),
        new_basis=whole([BASES.index(row.new_ltv_basis) for row in rows]),
        used_basis=whole([BASES.index(row.used_ltv_basis) for row in rows]),
        ltv_front_max=whole([hundredths_of_bp(row.ltv_front_max_bp) for row in rows]),
        ltv_total_max=whole([hundredths_of_bp(row.ltv_total_max_bp) for row in rows]),
        amount_min=whole([row.amount_min_cents for row in rows]),
        amount_max=whole([row.amount_max_cents for row in rows]),
        pti_max=whole([hundredths_of_bp(row.pti_max_bp) for row in rows]),
        dti_max=whole([hundredths_of_bp(row.dti_max_bp) for row in rows]),
        buy_rate=whole([hundredths_of_bp(row.buy_rate_bp) for row in rows]),
        markup_max=whole([hundredths_of_bp(row.markup_max_bp) for row in rows]),
        reserve_method=np.array([row.reserve_method for row in rows], dtype=object),
        reserve_share=whole([hundredths_of_bp(row.reserve_share_bp) for row in rows]),
        reserve_flat=whole([row.reserve_flat_cents for row in rows]),
        chargeback_months=whole([row.chargeback_months for row in rows]),
        lender_fee=whole([row.lender_fee_cents for row in rows]),
        acquisition=whole([row.acquisition_cents for row in rows]),
        held=flags([row.disposition is Disposition.HELD for row in rows]),
    )
