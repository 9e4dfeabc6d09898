"""What a deal adds to every price: taxes of the address, authority, the state's cap."""

import datetime as dt
from dataclasses import replace

import pytest

from protocol.closing import CommandError
from protocol.deal.structure import Structure
from protocol.money.lending import TaxRule, TaxTable
from protocol.records import Actor, BasisPoints, DealState, Role
from server.database.deals.deals import CustomerRecord, Deal
from server.search.screening.inputs import deal_inputs

TODAY = dt.date(2026, 3, 1)
STATE = TaxRule(jurisdiction="state", state="OH", rate_bp=575.0)
TABLE = TaxTable(version="t1", rules=(STATE, TaxRule(jurisdiction="other", state="IN", rate_bp=700.0)))
DEAL = Deal(
    id="d",
    store_id="s",
    group_id="g",
    state=DealState.WORKING,
    version=1,
    structure=Structure(tax_rate_bp=None),
    last_no=0,
    salesperson=Actor(id="u", name="Ann", role=Role.SALESPERSON),
    customer=CustomerRecord("c", "Lee", "OH", 5_000_00, 300_00, 700, "45424", ("military",)),
    standard_markup_bp=150.0,
    npv_floor_cents=0,
    discount_authority_cents=500_00,
    product_cost_share_bp=4_500.0,
)


def test_taxes_are_those_of_the_address_where_no_rate_is_stated() -> None:
    """The rules of the customer's state; with a stated rate none, so that a newer table changes nothing."""
    assert deal_inputs(DEAL, TABLE, TODAY).tax_rules == (STATE,)
    stated = replace(DEAL, structure=Structure(tax_rate_bp=BasisPoints(750)))
    assert deal_inputs(stated, TABLE, TODAY).tax_rules == ()
    assert deal_inputs(stated, None, TODAY).structure.tax_rate_bp == 750


@pytest.mark.parametrize("table", [None, TABLE])
def test_a_place_without_a_rule_is_refused(table: TaxTable | None) -> None:
    """No tax is guessed: the error names the field and the place."""
    elsewhere = replace(DEAL, customer=replace(DEAL.customer, state="MT", postal_code="59001"))
    with pytest.raises(CommandError, match="tax_rate_bp: no tax rule for MT 59001"):
        deal_inputs(elsewhere, table, TODAY)


def test_dates_are_filled_in() -> None:
    """Contract today, first payment a month later; a first payment before it is refused by name."""
    structure = deal_inputs(DEAL, TABLE, TODAY).structure
    assert (structure.contract_date, structure.first_payment_date) == (TODAY, dt.date(2026, 4, 1))
    early = replace(DEAL, structure=Structure(tax_rate_bp=None, first_payment_date=TODAY))
    with pytest.raises(CommandError, match="first_payment_date"):
        deal_inputs(early, TABLE, TODAY)


@pytest.mark.parametrize(("cap", "markup"), [(None, 150.0), (100.0, 100.0), (200.0, 150.0)])
def test_the_markup_keeps_within_the_states_cap(cap: float | None, markup: float) -> None:
    """The store's standard, or the cap where that is lower."""
    assert deal_inputs(replace(DEAL, markup_cap_bp=cap), TABLE, TODAY).standard_markup_bp == markup


def test_authority_lets_discount_go_as_far_as_granted() -> None:
    """The seller's own limit, or more where somebody put a larger discount into the deal."""
    assert deal_inputs(DEAL, TABLE, TODAY).discount_limit_cents == 500_00
    granted = replace(DEAL, structure=Structure(tax_rate_bp=None, discount_cents=900_00))
    assert deal_inputs(granted, TABLE, TODAY).discount_limit_cents == 900_00
    assert deal_inputs(DEAL, TABLE, TODAY).product_cost_share_bp == 4_500.0
