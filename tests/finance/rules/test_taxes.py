"""Sales tax by the deal's own rate, and by the rules of an address."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure, StructureError
from protocol.money.lending import Rounding, TaxBase, TaxRule, TaxTable
from protocol.records import BasisPoints
from server.finance.rules.taxes import (
    STATED_RATE,
    check_taxable,
    rules_for,
    tax_by_jurisdiction,
    tax_cents,
    tax_version,
)

STATE = TaxRule(jurisdiction="state", state="OH", rate_bp=575.0)
COUNTY = TaxRule(
    jurisdiction="county", state="OH", postal_prefix="454", rate_bp=175.0, base=TaxBase.FULL_PRICE
)
TABLE = TaxTable(
    version="t1", rules=(STATE, COUNTY, TaxRule(jurisdiction="other", state="IN", rate_bp=700.0))
)
BY_ADDRESS = Structure(tax_rate_bp=None)
ROUNDINGS = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
}

amounts = st.integers(0, 300_000_00)
rules = st.lists(
    st.builds(
        TaxRule,
        jurisdiction=st.sampled_from(["state", "county", "city"]),
        state=st.just("OH"),
        rate_bp=st.integers(0, 150_000).map(lambda hundredths: hundredths / 100),
        base=st.sampled_from(TaxBase),
        base_cap_cents=st.none() | amounts,
        credit_cap_cents=st.none() | amounts,
        rebate_reduces_tax=st.booleans(),
        rounding=st.sampled_from(Rounding),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(("credit", "tax"), [(True, 1_750_00), (False, 2_800_00)])
def test_a_stated_rate_taxes_as_the_deal_says(credit: bool, tax: int) -> None:
    """40,000 at 7 %, trade 15,000: the published check, with and without credit; no table enters."""
    structure = Structure(tax_rate_bp=BasisPoints(700), trade_allowance_cents=15_000_00, trade_credit=credit)
    assert tax_cents(structure, TABLE.rules, 40_000_00, 0, 0) == tax
    assert tax_version(structure, "t1") == STATED_RATE


def test_an_address_is_taxed_by_every_rule_that_holds_for_it() -> None:
    """State and county are taxed separately, each on its own base; another state's rule stays out."""
    rules = rules_for(TABLE, "OH", "45424")
    structure = Structure(tax_rate_bp=None, trade_allowance_cents=15_000_00)
    assert tax_by_jurisdiction(structure, rules, 40_000_00, 0, 0) == [("state", 1_437_50), ("county", 700_00)]
    assert tax_cents(structure, rules, 40_000_00, 0, 0) == 2_137_50
    assert rules_for(TABLE, "OH", "43210") == (STATE,)
    assert tax_version(structure, "t1") == "t1"


def test_caps_and_roundings_of_a_rule() -> None:
    """A base cap bounds what is taxed, a credit cap the trade's part; a fraction of a cent goes as told."""
    capped = TaxRule(jurisdiction="city", state="OH", rate_bp=100.0, base_cap_cents=5_000_00)
    assert tax_cents(BY_ADDRESS, [capped], 40_000_00, 0, 0) == 50_00
    structure = Structure(tax_rate_bp=None, trade_allowance_cents=15_000_00)
    credited = TaxRule(jurisdiction="state", state="MI", rate_bp=600.0, credit_cap_cents=10_000_00)
    assert tax_cents(structure, [credited], 40_000_00, 0, 0) == 1_800_00
    cents = {
        way: tax_cents(
            BY_ADDRESS, [TaxRule(jurisdiction="x", state="OH", rate_bp=1.0, rounding=way)], 14_999, 0, 0
        )
        for way in Rounding
    }
    assert cents == {Rounding.HALF_UP: 1, Rounding.UP: 2, Rounding.DOWN: 1}


def test_no_rule_and_no_rate_is_refused_by_name() -> None:
    """If nothing taxes the place, the deal must state a rate: the error names the field and the place."""
    assert rules_for(TABLE, "MT", "59001") == ()
    with pytest.raises(StructureError, match="tax_rate_bp: no tax rule for MT 59001: enter a tax rate"):
        check_taxable(BY_ADDRESS, (), "MT 59001")
    with pytest.raises(StructureError, match="tax_rate_bp"):
        tax_cents(BY_ADDRESS, (), 40_000_00, 0, 0)
    check_taxable(Structure(tax_rate_bp=BasisPoints(0)), (), "MT 59001")


@given(rules, amounts, st.integers(0, 20_000_00), st.integers(0, 5_000_00), amounts)
def test_the_tax_is_that_of_exact_decimals(
    applied: list[TaxRule], price: int, discount: int, rebate: int, allowance: int
) -> None:
    """Each rule computed in decimals, rounded once and added up: the same cents, for one car or an array."""
    structure = Structure(
        tax_rate_bp=None, trade_allowance_cents=allowance, taxable_fees_cents=1, fees_cents=1
    )
    expected = []
    for rule in applied:
        credit = 0 if rule.base is TaxBase.FULL_PRICE else min(allowance, rule.credit_cap_cents or allowance)
        if rule.base is TaxBase.NET_OF_TRADE and rule.credit_cap_cents == 0:
            credit = 0
        base = max(0, price - discount + 1 - credit - (rebate if rule.rebate_reduces_tax else 0))
        base = base if rule.base_cap_cents is None else min(base, rule.base_cap_cents)
        exact = Decimal(base) * Decimal(repr(rule.rate_bp)) / 10_000
        expected.append(int(exact.quantize(Decimal(1), ROUNDINGS[rule.rounding])))
    parts = tax_by_jurisdiction(structure, applied, price, discount, rebate)
    assert [cents for _, cents in parts] == expected
    prices = np.array([[price], [price + 1]], dtype=np.int64)
    discounts = np.array([[discount, discount + 1]], dtype=np.int64)
    found = tax_cents(structure, applied, prices, discounts, rebate)
    assert found.shape == (2, 2)
    assert found[0, 0] == found[1, 1] == sum(expected)


@given(rules, amounts, amounts)
def test_tax_never_falls_with_the_price(applied: list[TaxRule], price: int, more: int) -> None:
    """What the price window relies on, whatever caps and credits the rules have."""
    structure = Structure(tax_rate_bp=None, trade_allowance_cents=9_000_00)
    assert tax_cents(structure, applied, price, 0, 0) <= tax_cents(structure, applied, price + more, 0, 0)
