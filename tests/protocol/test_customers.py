"""What a store knows of a customer: the sums of two incomes, and what must agree."""

import datetime as dt
from typing import Any

import pytest

from protocol.deal.customers import (
    COUNTED,
    SCORES,
    CustomerChanges,
    CustomerError,
    CustomerFacts,
    with_facts,
)
from protocol.deal.structure import TierSource

DANA = CustomerFacts(name="Dana Lee", state="OH", monthly_income_cents=5_000_00, other_debt_cents=300_00)
PULLED = dt.date(2026, 11, 20)
SCORED: dict[str, Any] = {"score": 712, "score_source": TierSource.BUREAU, "score_date": PULLED}


def test_facts_and_changes_have_the_same_fields() -> None:
    """Each fact can be changed, and nothing else."""
    assert CustomerChanges.__struct_fields__ == CustomerFacts.__struct_fields__
    assert list(CustomerChanges().items()) == []
    assert set(CustomerFacts.__struct_fields__) > COUNTED
    assert set(SCORES) == {*SCORED, *(f"co_{name}" for name in SCORED)}


def test_income_and_debts_are_those_of_both() -> None:
    """With a co-buyer the sums; an income that nobody knows is none, not 0."""
    both = with_facts(
        DANA,
        CustomerChanges(co_name="Kim Lee", co_monthly_income_cents=2_000_00, co_other_debt_cents=100_00),
    )
    assert (both.income_cents, both.debt_cents) == (7_000_00, 400_00)
    assert CustomerFacts(name="A", state="OH").income_cents is None
    alone = with_facts(both, CustomerChanges(co_name=None))
    assert alone == DANA


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"score": 700}, "score_source"),
        ({"score_date": dt.date(2026, 1, 1)}, "score"),
        ({"current_payment_cents": 612_00}, "remaining_months"),
        ({"remaining_months": 12}, "current_payment_cents"),
        ({"co_monthly_income_cents": 1}, "co_name"),
        ({"state": "oh"}, "state"),
        ({"name": "  "}, "name"),
        ({"co_name": " "}, "co_name"),
    ],
)
def test_facts_that_do_not_agree(changes: dict[str, Any], field: str) -> None:
    """A score has its source and date, a payment its months, a co-buyer a name, and a name a word."""
    with pytest.raises(CustomerError) as refused:
        with_facts(DANA, CustomerChanges(**changes))
    assert refused.value.field == field
    assert with_facts(DANA, CustomerChanges(**SCORED)).score == 712
