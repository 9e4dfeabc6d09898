"""The borrowers of a real pool as customers: who they are, what they owe, and the cars that they may buy."""

from collections.abc import Sequence
from typing import Any

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs
from protocol.money.lending import RateSheet, RiskModel
from server.database.sample.lenders import CURVES, TERMS, sample_programmes
from server.finance.architect import best_offers, price_plan
from server.finance.plan import plan_deal
from tests.finance import cases, tape
from tests.finance.tape import Loan

MODEL_YEAR = tape.REPORTED // 12

SHEET = RateSheet(
    version="sample",
    programmes=tuple(
        sorted(
            sample_programmes(MODEL_YEAR),
            key=lambda row: (row.programme_id, row.tier, row.term_months),
        )
    ),
)
MODEL = RiskModel(version="sample", curves=tuple(CURVES))

KEPT_A_MONTH = 0.985
"""What a car keeps of its value each month, about 17 % lost a year."""

MILES_A_YEAR = 12_000


def car(loan: Loan) -> dict[str, int]:
    """Return the car of a loan, sold for what was financed; every book value is the tape's."""
    books = ("invoice_cents", "msrp_cents", "wholesale_cents", "retail_cents")
    return cases.car(
        price_cents=loan.principal_cents,
        cost_cents=min(loan.principal_cents, loan.value_cents),
        year=loan.model_year,
        mileage=0 if loan.is_new else MILES_A_YEAR * max(0, MODEL_YEAR - loan.model_year),
        is_new=int(loan.is_new),
        **dict.fromkeys(books, loan.value_cents),
    )


def again(loan: Loan) -> DealInputs:
    """Return the borrower as one who wants the very same amount for the very same car."""
    return _inputs(loan, Structure(tier=loan.tier, terms_months=list(TERMS)))


def back(loan: Loan) -> DealInputs:
    """Return the borrower as one who trades the car in, with what is still owed on it, for about the payment
    of today.
    """
    months = max(0, tape.REPORTED - loan.originated)
    worth = int(loan.value_cents * KEPT_A_MONTH**months)
    most = loan.payment_cents * 5 // 4 if loan.payment_cents else None
    return _inputs(
        loan,
        Structure(
            tier=loan.tier,
            terms_months=list(TERMS),
            trade_acv_cents=worth,
            trade_allowance_cents=worth,
            payoff_cents=loan.balance_cents,
            cash_down_max_cents=4_000_00,
            payment_max_cents=most,
        ),
    )


def offers(inputs: DealInputs, cars: Sequence[dict[str, int]]) -> dict[str, list[Any]]:
    """Return the architect's best offer of each car; None in every column but ``binding`` where there is
    none.
    """
    return best_offers(price_plan(plan_deal(inputs, SHEET), MODEL), cases.cars(*cars))


def _inputs(loan: Loan, structure: Structure) -> DealInputs:
    return cases.inputs(structure, monthly_income_cents=loan.income_cents, score=loan.score)
