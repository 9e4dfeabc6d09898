"""Every loan of a real pool, priced again by the exact engine and offered anew by the architect."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from protocol.money.pricing import PriceAnswer, PriceRequest
from protocol.records import DayCount
from server.finance.exact.price import price_contract
from tests.finance import tape
from tests.finance.oracles import tape_offers
from tests.finance.tape import Loan, needs_tape

pytestmark = needs_tape

ODD_ONES = 9
"""Five that the servicer asks nothing of any more, and four whose terms were changed after the signing."""

EVERY = 5
"""Every fifth borrower is made an offer here, all of them in ``tests/cluster/money``."""


@cache
def loans() -> Sequence[Loan]:
    """Return the tape."""
    return tape.read_tape()


def first_of(month: int) -> dt.date:
    """Return the first day of a month counted from the year 0."""
    return dt.date(month // 12, month % 12 + 1, 1)


def priced(loan: Loan, day_count: DayCount = DayCount.THIRTY_360, wait: int | None = None) -> PriceAnswer:
    """Price the loan as the contract that it was, its first payment due after ``wait`` months."""
    first = loan.originated + (loan.wait if wait is None else wait)
    return price_contract(
        PriceRequest(
            price_cents=loan.principal_cents,
            rate_bp=loan.rate_bp,
            term_months=loan.payments,
            contract_date=first_of(loan.originated),
            first_payment_date=first_of(first),
            day_count=day_count,
        )
    )


def test_the_whole_tape_is_read() -> None:
    """7,572 loans; one, two or three months pass before the first payment."""
    assert len(loans()) == tape.LOANS
    assert Counter(loan.wait for loan in loans()) == {1: 4_117, 2: 3_400, 3: 55}
    assert {loan.payments % 3 for loan in loans()} == {0}
    assert sum(loan.income_cents is None for loan in loans()) == 19


def test_an_extension_shows_in_the_balance() -> None:
    """A maturity that moved by k months goes with a balance about k payments above the schedule's."""
    for months in (0, 1, 2, 3, 6):
        behind = [
            _payments_behind(loan) for loan in loans() if loan.extended == months and loan.payment_cents
        ]
        assert abs(float(np.median(behind)) - months) < 0.3


def _payments_behind(loan: Loan) -> float:
    rate, balance = float(loan.rate_bp) / 120_000, float(loan.principal_cents)
    for _ in range(tape.REPORTED - loan.originated - loan.wait + 1):
        balance += balance * rate - loan.payment_cents
    return (loan.balance_cents - balance) / loan.payment_cents


def test_regular_payments_are_the_servicers() -> None:
    """Without odd days ours is the servicer's payment or a cent more, since the servicer rounds down."""
    apart = Counter(priced(loan, wait=1).payment_cents - loan.payment_cents for loan in loans())
    assert (apart[0], apart[1]) == (3_644, 3_919)
    assert sum(apart.values()) - apart[0] - apart[1] == ODD_ONES


@pytest.mark.parametrize(
    ("day_count", "wait", "quartiles"),
    [
        (DayCount.THIRTY_360, 1, [0, 1, 1]),
        (DayCount.THIRTY_360, 2, [242, 359, 495]),
        (DayCount.ACTUAL_365, 1, [6, 10, 16]),
        (DayCount.ACTUAL_365, 2, [249, 369, 507]),
    ],
)
def test_waiting_costs_interest(day_count: DayCount, wait: int, quartiles: list[int]) -> None:
    """Ours spreads the interest of a longer first period over all payments; the servicer's does not.

    Every schedule ends at 0, and the APR stays near the contract's rate, which has no fee.
    """
    waiting = [loan for loan in loans() if loan.wait == wait and loan.payment_cents]
    contracts = [priced(loan, day_count) for loan in waiting]
    for loan, contract in zip(waiting, contracts, strict=True):
        assert contract.schedule[-1].balance_cents == 0
        assert sum(row.principal_cents for row in contract.schedule) == loan.principal_cents
        assert contract.apr_percent == pytest.approx(float(loan.rate_bp) / 100, abs=0.035)
    more = [one.payment_cents - loan.payment_cents for one, loan in zip(contracts, waiting, strict=True)]
    assert np.percentile(more, [25, 50, 75]).tolist() == quartiles


def test_borrowers_get_an_answer_for_the_same_car() -> None:
    """More than half are taken by the sample lenders."""
    asked = loans()[::EVERY]
    assert tape_offers.same_car(asked) > len(asked) / 2


def test_borrowers_may_trade_in() -> None:
    """There are more offers than customers."""
    asked = loans()[::EVERY]
    assert tape_offers.trade_in(asked) > len(asked)
