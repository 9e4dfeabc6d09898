"""A real pool of 7,572 auto loans, July 2020, read into whole cents and months.

What its columns mean was found from the loans themselves; docs/notes/auto-loans.md tells how. The file is not
part of the project: where it is absent, what needs it is skipped.
"""

import csv
import gzip
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from protocol.records import BasisPoints, Tier

PATH = Path(__file__).parents[2] / "../shared/data/auto_loans.csv.gz"
LOANS = 7_572

needs_tape = pytest.mark.skipif(not PATH.exists(), reason="the real loan tape is not beside the project")

REPORTED = 2020 * 12 + 6
"""July 2020, the tape's month, counted from the year 0 as every month here."""

_USED = "2"


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan. Months count from the year 0; ``payments`` is their number, ``wait`` the months to the first.

    ``income_cents`` is gross and monthly, None where the tape's payment-to-income is 0. ``extended`` are the
    months by which the maturity was moved after origination. ``payment_cents`` is what the servicer asks for.
    """

    originated: int
    principal_cents: int
    rate_bp: BasisPoints
    payments: int
    wait: int
    extended: int
    payment_cents: int
    balance_cents: int
    value_cents: int
    model_year: int
    is_new: bool
    score: int
    income_cents: int | None
    state: str
    remaining: int

    @property
    def tier(self) -> Tier:
        """The tier of the score, by the bounds of the sample lenders."""
        for lowest, tier in ((740, Tier.SUPER_PRIME), (670, Tier.PRIME), (620, Tier.NEAR_PRIME)):
            if self.score >= lowest:
                return tier
        return Tier.SUBPRIME if self.score >= 560 else Tier.DEEP_SUBPRIME


def read_tape() -> list[Loan]:
    """Return every loan of the tape, in its order."""
    with gzip.open(PATH, "rt", newline="") as file:
        return [_loan(row) for row in csv.DictReader(file)]


def _loan(row: dict[str, str]) -> Loan:
    # The tape's term counts the months from origination to maturity, both included. Contracts have a multiple
    # of three payments; what is left over is the wait for the first one.
    stated = int(row["originalLoanTerm"])
    payments = (stated - 1) // 3 * 3
    originated = _month(row["originationDate"])
    payment = _cents(row["reportingPeriodScheduledPaymentAmount"])
    share = Decimal(row["paymentToIncomePercentage"])
    return Loan(
        originated=originated,
        principal_cents=_cents(row["originalLoanAmount"]),
        # Some rates carry the noise of a binary fraction: 0.10990000000000001.
        rate_bp=BasisPoints(round(Decimal(row["originalInterestRatePercentage"]) * 10_000, 2)),
        payments=payments,
        wait=stated - payments,
        extended=_month(row["loanMaturityDate"]) - originated - (stated - 1),
        payment_cents=payment,
        balance_cents=_cents(row["reportingPeriodActualEndBalanceAmount"]),
        value_cents=_cents(row["vehicleValueAmount"]),
        model_year=int(row["vehicleModelYear"]),
        is_new=row["vehicleNewUsedCode"] != _USED,
        score=int(row["obligorCreditScore"]),
        income_cents=int(payment / share) if share and payment else None,
        state=row["obligorGeographicLocation"],
        remaining=int(row["remainingTermToMaturityNumber"]),
    )


def _cents(dollars: str) -> int:
    return int((Decimal(dollars) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _month(month_and_year: str) -> int:
    month, year = month_and_year.split("/")
    return int(year) * 12 + int(month) - 1
