"""Limits of state and lender that hold for every car alike, each with the change that meets it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from protocol.events import Fix, FixKind
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from server.finance.calendar import days_to_first_payment
from server.finance.rounding import hundredths_of_bp
from server.finance.rules.backend import backend_of
from server.finance.rules.limits import Limit

Takes = Callable[[Programme], bool]
Meets = Callable[[Sequence[Programme]], Fix | None]


class DealLimit(NamedTuple):
    """A limit of the rows that pass all limits before it: whether a row takes the deal, and the smallest
    change with which one of some rows does, if there is one.
    """

    limit: Limit
    takes: Takes
    meets: Meets = lambda _rows: None


def customer_limits(inputs: DealInputs) -> tuple[DealLimit, ...]:
    """Return the limits on tier, score and term."""
    structure, score = inputs.structure, inputs.score
    terms = structure.terms_months if structure.term_months is None else [structure.term_months]
    return (
        DealLimit(Limit.TIER, lambda row: row.tier == structure.tier),
        DealLimit(Limit.SCORE, lambda row: score is None or row.score_min <= score <= row.score_max),
        DealLimit(Limit.TERM, lambda row: any(map(row.takes_term, terms))),
    )


def deal_limits(inputs: DealInputs) -> tuple[DealLimit, ...]:
    """Return the state's limits on doc fee and rate, and the lenders' on first payment and products."""
    structure, state, backend = inputs.structure, inputs.state_limit, backend_of(inputs)
    fee_max = None if state is None else state.doc_fee_max_cents
    rate_max = None if state is None else state.rate_max_bp
    return (
        DealLimit(
            Limit.STATE_DOC_FEE,
            lambda _: fee_max is None or structure.doc_fee_cents <= fee_max,
            lambda _: Fix(kind=FixKind.DOC_FEE, doc_fee_cents=fee_max),
        ),
        DealLimit(Limit.STATE_RATE, lambda row: rate_max is None or row.buy_rate_bp <= rate_max),
        _first_payment(days_to_first_payment(structure)),
        _products(
            Limit.SERVICE_CONTRACT_MAX,
            backend.service_contract_cents,
            lambda row: row.service_contract_max_cents,
        ),
        _products(Limit.GAP_MAX, backend.gap_cents, lambda row: row.gap_max_cents),
        _products(Limit.BACKEND_MAX, backend.total_cents, lambda row: row.backend_max_cents),
    )


def rate_limits(inputs: DealInputs) -> tuple[DealLimit, ...]:
    """Return the limits on a stated rate: overrides may only lower the standard rate, within the state's."""
    stated, state = inputs.structure.rate_bp, inputs.state_limit
    if stated is None:
        return ()
    rate, standard_bp = hundredths_of_bp(stated), inputs.standard_markup_bp
    state_bp = None if state is None else state.markup_max_bp
    rate_max = None if state is None else state.rate_max_bp

    def markup(row: Programme) -> int:
        return rate - hundredths_of_bp(row.buy_rate_bp)

    return (
        DealLimit(
            Limit.RATE,
            lambda row: 0 <= markup(row) <= hundredths_of_bp(min(row.markup_max_bp, standard_bp)),
        ),
        DealLimit(Limit.STATE_RATE, lambda _: rate_max is None or rate <= hundredths_of_bp(rate_max)),
        DealLimit(
            Limit.STATE_MARKUP, lambda row: state_bp is None or markup(row) <= hundredths_of_bp(state_bp)
        ),
    )


def _first_payment(days: int) -> DealLimit:
    def meets(rows: Sequence[Programme]) -> Fix | None:
        allowed = [min(max(days, row.first_payment_days_min), row.first_payment_days_max) for row in rows]
        nearest = min(allowed, key=lambda each: abs(each - days))
        return Fix(kind=FixKind.FIRST_PAYMENT, first_payment_days=nearest)

    return DealLimit(
        Limit.FIRST_PAYMENT,
        lambda row: row.first_payment_days_min <= days <= row.first_payment_days_max,
        meets,
    )


def _products(limit: Limit, cents: int, cap_of: Callable[[Programme], int | None]) -> DealLimit:
    def meets(rows: Sequence[Programme]) -> Fix | None:
        highest = max(cap for row in rows if (cap := cap_of(row)) is not None)
        return Fix(kind=FixKind.PRODUCTS, products_cents=cents - highest)

    def takes(row: Programme) -> bool:
        cap = cap_of(row)
        return cap is None or cents <= cap

    return DealLimit(limit, takes, meets)
