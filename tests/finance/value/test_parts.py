"""Parts of a structure's value, and the cash expected in each month."""

from typing import Any

import numpy as np
import pytest
import pyxirr
import QuantLib as ql
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.money.lending import Disposition, Programme, ReserveMethod, RiskCurve, RiskModel
from server.finance.value.parts import monthly_cash, npv_parts, rounded_parts
from server.finance.value.valuation import value_plan
from tests.finance.cases import curve, model, programme
from tests.finance.value.cases import banded_model, planned, random_curve

PRINCIPAL = 3_000_000
PUBLISHED = model(abs_speed=0.015, servicing_month_cents=400)
AT_799 = programme(term_months=72, acquisition_cents=12_345)

HELD_PARTS = (
    "interest",
    "funding",
    "loss",
    "prepayment",
    "servicing",
    "acquisition",
    "front_gross",
    "product_gross",
    "chargebacks",
)


def parts(
    row: Programme, risk: RiskModel, structure: Structure | None = None, **place: Any
) -> dict[str, int]:
    """Return the parts of 30,000 with a front gross of 1,500."""
    stated = {
        "principal_cents": PRINCIPAL,
        "ltv_bp": None,
        "pti_bp": None,
        "front_gross_cents": 150_000,
    }
    return dict(npv_parts(planned(row, structure=structure), risk, 0, **(stated | place)))


def test_published_parts() -> None:
    """30,000 at 7.99 % over 72 months, as FINANCE prints it; nothing stands for what there is not."""
    assert parts(AT_799, PUBLISHED) == {
        "interest": 786_125,
        "funding": -520_972,
        "loss": -93_446,
        "prepayment": -88_386,
        "servicing": -11_802,
        "acquisition": -12_345,
        "front_gross": 150_000,
        "product_gross": 0,
        "chargebacks": 0,
    }


def test_sold_parts() -> None:
    """A sold contract brings reserve and products, and costs the fee and what is charged back."""
    row = programme(
        disposition=Disposition.SOLD,
        chargeback_months=4,
        lender_fee_cents=45_000,
        reserve_method=ReserveMethod.PRINCIPAL,
        reserve_share_bp=150.0,
    )
    products = Structure(products_cents=300_000, products_cost_cents=120_000)
    found = parts(row, PUBLISHED, products)
    assert list(found) == ["front_gross", "product_gross", "reserve", "lender_fee", "chargebacks"]
    assert found["reserve"] == 45_000
    assert (found["front_gross"], found["product_gross"], found["lender_fee"]) == (150_000, 180_000, -45_000)
    assert found["chargebacks"] < 0


def test_a_loss_on_the_front_stands_as_it_is() -> None:
    """Amounts in whole cents are parts as they are, negative ones too."""
    assert parts(AT_799, PUBLISHED, front_gross_cents=-98_765)["front_gross"] == -98_765


@given(
    seed=st.integers(0, 2**32 - 1),
    principal=st.integers(1, 10_000_000),
    front=st.integers(-1_000_000, 1_000_000),
    disposition=st.sampled_from(Disposition),
    method=st.sampled_from(ReserveMethod),
    products=st.integers(0, 500_000),
    ltv_bp=st.floats(0, 15_000) | st.none(),
)
def test_parts_sum_to_the_npv(seed: int, principal: int, front: int, products: int, **rest: Any) -> None:
    """To the cent, for any risk, disposition, reserve, band and principal."""
    random = np.random.default_rng(seed)
    risk = RiskModel(version="random", curves=(random_curve(random),))
    row = programme(
        term_months=int(random.choice([24, 60, 84])),
        disposition=rest["disposition"],
        reserve_method=rest["method"],
        reserve_flat_cents=int(random.integers(0, 50_000)),
        chargeback_months=int(random.integers(0, 13)),
        acquisition_cents=int(random.integers(0, 50_000)),
        lender_fee_cents=int(random.integers(0, 50_000)),
    )
    terms = Structure(products_cents=products, products_cost_cents=products // 3, terms_months=[24, 60, 84])
    plan = planned(row, structure=terms)
    found = npv_parts(
        plan,
        risk,
        0,
        principal_cents=principal,
        ltv_bp=rest["ltv_bp"],
        pti_bp=None,
        front_gross_cents=front,
    )
    valuation = value_plan(plan, risk)
    band = valuation.bands.index_at(rest["ltv_bp"], None)
    assert sum(found.values()) == int(valuation.npv_cents(0, band, principal)) + front
    if rest["disposition"] is Disposition.HELD:
        assert tuple(found) == HELD_PARTS


def test_parts_are_of_the_band() -> None:
    """A dearer band shows in the loss and not in the interest."""
    low = parts(programme(), banded_model(), ltv_bp=9_000.0)
    high = parts(programme(), banded_model(), ltv_bp=9_000.01)
    assert low["loss"] > high["loss"]
    assert low["interest"] == high["interest"]


@given(
    exact=st.lists(st.integers(-100, 100) | st.floats(-100, 100), min_size=1, max_size=9),
)
def test_rounded_parts_follow_the_running_total(exact: list[float | int]) -> None:
    """Parts sum to the total, each within a cent of the exact one, and whole ones unchanged."""
    names = HELD_PARTS[: len(exact)]
    total = int(np.floor(sum(exact) + 0.5))
    found = rounded_parts(dict(zip(names, exact, strict=True)), total)
    rounds = any(isinstance(part, float) and part for part in exact)
    assert sum(found.values()) == (total if rounds else sum(map(int, exact)))
    assert all(abs(found[name] - part) <= 1.000001 for name, part in zip(names, exact, strict=True))
    whole = [(name, part) for name, part in zip(names, exact, strict=True) if isinstance(part, int)]
    assert all(found[name] == part for name, part in whole)


def flows(risk: RiskCurve, row: Programme) -> list[float]:
    """Return the contract's expected cash from the day it is made, in cents."""
    risk_model = RiskModel(version="flows", curves=(risk,))
    plan = planned(row, structure=Structure(terms_months=[row.term_months]))
    cash = monthly_cash(plan, risk_model, 0, principal_cents=PRINCIPAL, ltv_bp=None, pti_bp=None)
    columns = zip(cash.collected, cash.recovered, cash.servicing, strict=True)
    return [-float(PRINCIPAL), *(collected + recovered - cost for collected, recovered, cost in columns)]


def quantlib_npv(rate: float, amounts: list[float]) -> float:
    """Discount monthly amounts, of which the first is paid today."""
    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    yield_rate = ql.InterestRate(rate, ql.Thirty360(ql.Thirty360.BondBasis), ql.Compounded, ql.Monthly)
    leg = [
        ql.SimpleCashFlow(amount, today + ql.Period(month, ql.Months)) for month, amount in enumerate(amounts)
    ]
    return amounts[0] + float(ql.CashFlows.npv(leg, yield_rate, False, today, today))


def test_monthly_cash_is_worth_what_the_factors_say() -> None:
    """Discounted by two independent libraries, the months of random contracts are the NPV, to the rounding
    of each month.
    """
    random = np.random.default_rng(7)
    for _ in range(60):
        risk = random_curve(random)
        row = programme(term_months=int(random.integers(6, 85)))
        amounts = flows(risk, row)
        plan = planned(row, structure=Structure(terms_months=[row.term_months]))
        npv = int(value_plan(plan, RiskModel(version="flows", curves=(risk,))).npv_cents(0, 0, PRINCIPAL))
        slack = 1.5 * len(amounts)
        assert pyxirr.npv(risk.funding_rate / 12, amounts) == pytest.approx(npv, abs=slack)
        assert quantlib_npv(risk.funding_rate, amounts) == pytest.approx(npv, abs=slack)


def test_monthly_cash_of_a_safe_contract_is_its_payments() -> None:
    """Without risk every month brings the payment, and nothing is recovered later than the last."""
    amounts = flows(curve(cnl=0.0, recovery_lag_months=0), programme())
    assert amounts == [-float(PRINCIPAL), *([60_815] * 60)]
