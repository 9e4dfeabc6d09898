"""A deal against a lease sheet, before any car is considered: the rows that take it, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.deal.deal_parts import LenderTerms
from protocol.deal.workflow import LIVE_STATUSES, LenderStatus
from protocol.money.inputs import DealInputs
from protocol.money.leasing import FACTOR_UNITS, LeaseProgramme, LeaseSheet
from protocol.money.lending import TaxRule
from protocol.records import DealKind, Tier
from server.finance.leasing.names import exactness
from server.finance.leasing.row_groups import RowGroups, group_rows
from server.finance.rounding import HUNDREDTHS, Cents, Flags, hundredths_of_bp
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import Whole
from server.finance.rules.taxes import applied_rules

BP_PER_FACTOR = 240_000
"""A money factor of 1 is a rate of 240,000 basis points a year."""

SHOWN_UNITS = 10
"""A store quotes money factors with five decimals: whole multiples of ten millionths."""


@dataclass(frozen=True, slots=True, eq=False)
class LeaseRows:
    """Rows of a lease sheet in columns of shape (r,), families together and, within one, the row that applies
    before others first.

    Shares in hundredths of a basis point, factors in millionths. ``family`` numbers the groups of which one
    row applies to a car: a programme at a term and, if the customer takes any mileage, at a mileage.
    ``number`` is the place in the sheet.
    """

    row: NDArray[np.object_]
    number: Whole
    family: Whole
    term: Whole
    miles: Whole
    new_cars: Flags
    used_cars: Flags
    year_min: Whole
    mileage_max: Whole
    residual_share: Whole
    buy_factor: Whole
    sell_factor: Whole
    cap_max: Whole
    pti_max: Whole
    acquisition_at_signing: Cents
    acquisition_capitalised: Cents
    fees_capitalised: Flags
    disposition: Cents
    deposit: Cents
    reserve_share: Whole
    reserve_flat: Cents
    chargeback: Whole

    def __len__(self) -> int:
        return len(self.number)

    @property
    def families(self) -> int:
        """The number of families, counted from 0 in ascending order."""
        return int(self.family[-1]) + 1 if len(self) else 0


@dataclass(frozen=True, slots=True, eq=False)
class LeasePlan:
    """The rows that take a deal, also in ``groups``. If there are none, ``empty`` is the limit that excluded
    the last of them, else NONE. ``rules`` are those that tax it.
    """

    inputs: DealInputs
    rows: LeaseRows
    groups: RowGroups
    rules: tuple[TaxRule, ...]
    empty: Limit = Limit.NONE

    @property
    def names_cars(self) -> bool:
        """Whether a row names the cars that it is for."""
        return any(any(exactness(row)) for row in self.rows.row.tolist())

    @property
    def makes(self) -> tuple[str, ...]:
        """The makes of the cars that a row may take; empty if a row takes any."""
        makes = {row.make for row in self.rows.row.tolist()}
        return () if "" in makes else tuple(sorted(makes))

    @property
    def takes_used(self) -> bool:
        """Whether a row takes used cars."""
        return bool(self.rows.used_cars.any())

    @property
    def cash_min(self) -> int:
        """The cash that the customer wants to pay down."""
        return self.inputs.structure.cash_down_cents

    @property
    def cash_max(self) -> int:
        """The customer's maximum cash; the cash down if no maximum is stated."""
        most = self.inputs.structure.cash_down_max_cents
        return self.cash_min if most is None else max(most, self.cash_min)


def plan_leases(inputs: DealInputs, sheet: LeaseSheet, only: str | None = None) -> LeasePlan:
    """Return the rows for the customer's tier, score, terms and mileage, whose lender takes the products;
    ``only`` those of one programme.

    A lender that refused the customer has none; one that approved has those of the tier that it gave, up to
    its maximum term. A stated single term is a financed contract's unless the deal is a lease. Raises
    StructureError if the address has no tax rule.
    """
    structure, score, state = inputs.structure, inputs.score, inputs.state_limit
    terms = set(structure.terms_months)
    if structure.term_months is not None and structure.kind is DealKind.LEASE:
        terms = {structure.term_months}
    # What lenders decided on this customer: their tier counts, whatever the deal's tier and score are.
    decided = {each.lender: each for each in inputs.lender_terms if each.status is not LenderStatus.WITHDRAWN}
    fee_max = None if state is None else state.doc_fee_max_cents
    miles = structure.lease_miles_per_year or 0
    limits = (
        (Limit.TIER, lambda row: row.tier == _tier(decided.get(row.lender), structure.tier)),
        (
            Limit.SCORE,
            lambda row: row.lender in decided or score is None or row.score_min <= score <= row.score_max,
        ),
        (Limit.TERM, lambda row: row.term_months in terms and _fits(decided.get(row.lender), row)),
        (Limit.LEASE_MILES, lambda row: row.miles_per_year >= miles),
        (Limit.STATE_DOC_FEE, lambda _: fee_max is None or structure.doc_fee_cents <= fee_max),
        (Limit.PRODUCTS, lambda row: all(each.is_accepted(row.lender) for each in inputs.products)),
    )
    rules = tuple(applied_rules(structure, inputs.tax_rules))
    rows = [(number, row) for number, row in enumerate(sheet.programmes) if only in {None, row.programme_id}]
    for limit, takes in limits:
        rows = [(number, row) for number, row in rows if takes(row)]
        if not rows:
            return _planned(inputs, [], rules, limit)
    return _planned(inputs, rows, rules)


def _planned(
    inputs: DealInputs,
    numbered: Sequence[tuple[int, LeaseProgramme]],
    rules: tuple[TaxRule, ...],
    empty: Limit = Limit.NONE,
) -> LeasePlan:
    rows = _columns(numbered, inputs)
    return LeasePlan(inputs, rows, group_rows(rows.row.tolist()), rules, empty)


def _tier(decided: LenderTerms | None, tier: Tier) -> Tier | None:
    """Return the tier whose rows a lender has for the customer; None if it refused."""
    if decided is None:
        return tier
    return decided.tier if decided.status in LIVE_STATUSES else None


def _fits(decided: LenderTerms | None, row: LeaseProgramme) -> bool:
    return decided is None or row.term_months <= (decided.term_months or 0)


def sell_factor(row: LeaseProgramme, inputs: DealInputs) -> int:
    """Return the factor of the contract in millionths: the lender's with the store's standard markup within
    the lender's and the state's caps, rounded down to five decimals but never below the lender's.
    """
    standard_bp, state = inputs.standard_markup_bp, inputs.state_limit
    if state is not None and state.markup_max_bp is not None:
        standard_bp = min(standard_bp, state.markup_max_bp)
    standard = hundredths_of_bp(standard_bp) * FACTOR_UNITS // (BP_PER_FACTOR * HUNDREDTHS)
    buy = _millionths(row.money_factor)
    marked_up = buy + min(standard, _millionths(row.factor_markup_max))
    return max(buy, marked_up // SHOWN_UNITS * SHOWN_UNITS)


def _columns(numbered: Sequence[tuple[int, LeaseProgramme]], inputs: DealInputs) -> LeaseRows:
    any_miles = inputs.structure.lease_miles_per_year is None

    def family(row: LeaseProgramme) -> tuple[str, int, int]:
        return row.programme_id, row.term_months, row.miles_per_year if any_miles else 0

    families = {key: number for number, key in enumerate(sorted({family(row) for _, row in numbered}))}

    def place(each: tuple[int, LeaseProgramme]) -> tuple[object, ...]:
        number, row = each
        model, segment, make = exactness(row)
        exact = (not model, not segment, not make)
        return (families[family(row)], *exact, -row.year_min, row.miles_per_year, number)

    ordered = sorted(numbered, key=place)
    rows = [row for _, row in ordered]

    def whole(values: Sequence[int]) -> Whole:
        return np.array(values, dtype=np.int64)

    def flags(values: Sequence[bool]) -> Flags:
        return np.array(values, dtype=np.bool_)

    def hundredths(field: str) -> Whole:
        return whole([hundredths_of_bp(getattr(row, field)) for row in rows])

    as_objects = np.empty(len(rows), dtype=object)
    as_objects[:] = rows
    return LeaseRows(
        row=as_objects,
        number=whole([number for number, _ in ordered]),
        family=whole([families[family(row)] for row in rows]),
        term=whole([row.term_months for row in rows]),
        miles=whole([row.miles_per_year for row in rows]),
        new_cars=flags([row.new_cars for row in rows]),
        used_cars=flags([row.used_cars for row in rows]),
        year_min=whole([row.year_min for row in rows]),
        mileage_max=whole([row.mileage_max for row in rows]),
        residual_share=hundredths("residual_bp"),
        buy_factor=whole([_millionths(row.money_factor) for row in rows]),
        sell_factor=whole([sell_factor(row, inputs) for row in rows]),
        cap_max=hundredths("cap_max_bp"),
        pti_max=hundredths("pti_max_bp"),
        acquisition_at_signing=whole([_acquisition(row, capitalised=False) for row in rows]),
        acquisition_capitalised=whole([_acquisition(row, capitalised=True) for row in rows]),
        fees_capitalised=flags([row.fees_capitalised for row in rows]),
        disposition=whole([row.disposition_fee_cents for row in rows]),
        deposit=whole([row.security_deposit_cents for row in rows]),
        reserve_share=hundredths("reserve_share_bp"),
        reserve_flat=whole([row.reserve_flat_cents for row in rows]),
        chargeback=hundredths("chargeback_bp"),
    )


def _acquisition(row: LeaseProgramme, *, capitalised: bool) -> int:
    return row.acquisition_fee_cents if row.acquisition_capitalised is capitalised else 0


def _millionths(factor: float) -> int:
    return round(factor * FACTOR_UNITS)
