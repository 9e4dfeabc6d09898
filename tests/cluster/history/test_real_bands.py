"""Every real loan is in the band in which valuation looks its contract up."""

import datetime as dt
from pathlib import Path

from tests.finance.tape import LOANS, Loan, needs_tape, read_tape
from tests.history.test_bands import BASIS_POINTS, WHEN, banded, expected


@needs_tape
def test_every_real_loan_is_where_valuation_looks_it_up(tmp_path: Path) -> None:
    """7,572 loans with their values, terms and incomes."""

    def pti_bp(loan: Loan) -> float | None:
        return loan.payment_cents * BASIS_POINTS / loan.income_cents if loan.income_cents else None

    loans = read_tape()
    rows = [
        (
            f"l{number}",
            dt.date(loan.originated // 12, loan.originated % 12 + 1, 1),
            loan.payments,
            loan.principal_cents,
            float(loan.rate_bp),
            loan.value_cents,
            loan.tier.value,
            loan.payment_cents,
            pti_bp(loan),
            WHEN,
        )
        for number, loan in enumerate(loans)
    ]
    found = banded(tmp_path, rows)
    assert len(found) == LOANS
    for number, loan in enumerate(loans):
        ltv_bp = loan.principal_cents * BASIS_POINTS / loan.value_cents if loan.value_cents else None
        assert found[f"l{number}"] == expected(loan.tier.value, loan.payments, ltv_bp, pti_bp(loan)), loan
