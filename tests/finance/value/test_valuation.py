"""Slope and intercept of a plan against the value of each structure by itself, held and sold."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.lending import Disposition, ReserveMethod, RiskModel
from protocol.records import BasisPoints
from server.finance.value.curves import RiskModelError
from server.finance.value.valuation import product_gross_cents, value_plan
from tests.finance.cases import inputs, model, programme
from tests.finance.value import reference
from tests.finance.value.cases import banded_model, planned

PRODUCTS = Structure(products_cents=300_000, products_cost_cents=120_000)
SOLD: dict[str, Any] = {"disposition": Disposition.SOLD, "chargeback_months": 4, "lender_fee_cents": 45_000}


@pytest.mark.parametrize("term", [36, 60])
def test_held_is_the_contract_and_the_products(term: int) -> None:
    """In every band a held structure is worth its contract, less servicing and acquisition, and its products
    less what is given back for those that end early; expected and stressed.
    """
    row = programme(term_months=term, acquisition_cents=25_000, reserve_flat_cents=9_999)
    risk = banded_model(servicing_month_cents=400)
    valuation = value_plan(planned(row, structure=PRODUCTS), risk)
    principals = np.array([600_000, 3_000_000, 9_999_999])
    for band, each in enumerate(valuation.bands.curves_at(term)):
        for stressed, scale in ((False, {}), (True, {"defaults": "1.5", "recovered": "0.8"})):
            exact = reference.worth(0.0799, term, each, **scale)
            fixed = -400 * exact.servicing - 25_000 + 180_000 * (1 - exact.unearned)
            expected = [float(exact.value * int(principal) + fixed) for principal in principals]
            npv = valuation.npv_cents(0, band, principals, stressed=stressed)
            assert npv.tolist() == pytest.approx(expected, abs=0.501)


@pytest.mark.parametrize(
    ("method", "share_bp", "flat", "reserve"),
    [
        # 30,000 over 60 months: 593.8944 a month at 6.99 %, 608.1483 at 7.99 %, 80 % of the difference.
        (ReserveMethod.FINANCE_CHARGE, 8_000.0, 77_777, 68_418),
        (ReserveMethod.PRINCIPAL, 150.0, 77_777, 45_000),
        (ReserveMethod.FLAT, 8_000.0, 30_000, 30_000),
    ],
)
def test_sold_is_reserve_and_products_less_chargebacks(
    method: ReserveMethod, share_bp: float, flat: int, reserve: int
) -> None:
    """A sold structure is worth the reserve that the lender's method gives, of which the share that ends
    within the window goes back, less the lender's fee, and the products.
    """
    row = programme(**SOLD, reserve_method=method, reserve_share_bp=share_bp, reserve_flat_cents=flat)
    risk = banded_model()
    valuation = value_plan(planned(row, structure=PRODUCTS), risk)
    for band, each in enumerate(valuation.bands.curves_at(60)):
        exact = reference.worth(0.0799, 60, each, window=4)
        kept = float(reserve * (1 - exact.ended) + 180_000 * (1 - exact.unearned))
        assert int(valuation.npv_cents(0, band, 3_000_000)) == pytest.approx(kept - 45_000, abs=1.01)


def test_a_sold_contract_at_the_buy_rate_has_no_reserve() -> None:
    """Nothing is marked up, so nothing is earned on the finance charge, whatever the principal."""
    plan = planned(programme(**SOLD), structure=Structure(rate_bp=BasisPoints("699")))
    valuation = value_plan(plan, banded_model())
    assert not valuation.slope.any()
    assert (valuation.intercept == -45_000).all()


@given(
    principal=st.integers(100_000, 10_000_000),
    times=st.integers(2, 9),
    disposition=st.sampled_from(Disposition),
)
def test_npv_is_linear_in_the_principal(principal: int, times: int, disposition: Disposition) -> None:
    """Within a band, so many times the principal adds so many times the slope: to the cent."""
    plan = planned(programme(disposition=disposition, acquisition_cents=10_000), structure=PRODUCTS)
    valuation = value_plan(plan, banded_model())
    one, many, none = (int(valuation.npv_cents(0, 0, factor * principal)) for factor in (1, times, 0))
    assert many - none == pytest.approx(times * (one - none), abs=times + 1)


def test_a_band_edge_is_a_step() -> None:
    """The same principal is worth less in each dearer band."""
    valuation = value_plan(planned(programme()), banded_model())
    npv = valuation.npv_cents(0, np.arange(6), 3_000_000)
    by_ltv = npv.reshape(3, 2)
    assert (np.diff(by_ltv, axis=0) < 0).all() and (np.diff(by_ltv, axis=1) < 0).all()
    assert (valuation.npv_cents(0, np.arange(6), 3_000_000, stressed=True) < npv).all()


def test_programmes_are_valued_each_by_itself() -> None:
    """Permuted programmes have permuted slopes and intercepts."""
    rows = [
        programme(programme_id="a", term_months=36),
        programme(programme_id="b", term_months=72, buy_rate_bp=899.0),
        programme(programme_id="c", **SOLD),
    ]
    risk = banded_model(servicing_month_cents=300)
    straight = value_plan(planned(*rows, structure=PRODUCTS), risk)
    turned = value_plan(planned(*rows[::-1], structure=PRODUCTS), risk)
    np.testing.assert_array_equal(turned.slope[::-1], straight.slope)
    np.testing.assert_array_equal(turned.stress_intercept[::-1], straight.stress_intercept)


def test_arguments_broadcast() -> None:
    """Cars by programmes at once, each in its own band, are what each is alone."""
    rows = [programme(programme_id="a", term_months=36), programme(programme_id="b", **SOLD)]
    valuation = value_plan(planned(*rows), banded_model())
    band = np.array([[0, 5], [3, 1], [2, 4]])
    principal = np.array([[900_000, 1_000_000], [2_000_000, 2_100_000], [3_000_000, 3_100_000]])
    together = valuation.npv_cents(np.arange(2), band, principal)
    alone = [[valuation.npv_cents(p, band[c, p], principal[c, p]) for p in range(2)] for c in range(3)]
    assert together.tolist() == np.array(alone).tolist()


def test_a_plan_without_programmes_has_no_rows() -> None:
    """Where the terms leave no programme, the valuation is empty."""
    valuation = value_plan(planned(programme(), structure=Structure(terms_months=[12])), banded_model())
    assert valuation.slope.shape == valuation.stress_intercept.shape == (0, 6)


def test_a_missing_tier_is_refused() -> None:
    """A model without the deal's tier cannot value it."""
    with pytest.raises(RiskModelError, match="tier"):
        value_plan(planned(programme()), RiskModel(version="empty", curves=()))


@pytest.mark.parametrize(
    ("stated", "share_bp", "gross"), [(120_000, 0.0, 180_000), (None, 4_000.0, 180_000), (None, 10_000.0, 0)]
)
def test_product_gross(stated: int | None, share_bp: float, gross: int) -> None:
    """Products earn their price less the stated cost, or less the store's usual share."""
    structure = Structure(products_cents=300_000, products_cost_cents=stated)
    assert product_gross_cents(inputs(structure, product_cost_share_bp=share_bp)) == gross


def test_product_cost_is_rounded_half_up() -> None:
    """A share of an odd amount is a cost in whole cents, halves upwards."""
    structure = Structure(products_cents=101)
    assert product_gross_cents(inputs(structure, product_cost_share_bp=5_000.0)) == 101 - 51


def test_a_risk_free_contract_at_its_funding_rate_is_worth_nothing() -> None:
    """Lent at what the money costs, without loss or cost, any principal is worth 0."""
    risk = model(funding_rate=0.0799, cnl=0.0)
    valuation = value_plan(planned(programme()), risk)
    assert valuation.npv_cents(0, 0, np.array([1, 3_000_000, 10_000_000])).tolist() == [0, 0, 0]
