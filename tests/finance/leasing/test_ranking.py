"""The best lease of each car, against every row, every amount of cash and every discount."""

from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.jobs import UNKNOWN_COST
from protocol.money.inputs import DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.records import BasisPoints, DealKind, Tier
from server.finance.leasing.applying import rows_that_apply
from server.finance.leasing.candidates import Headroom
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import plan_leases, sell_factor
from server.finance.leasing.ranking import BLOCK_PAIRS, best_leases, ranked
from server.finance.rules.limits import Limit
from tests.finance.cases import car, cars, inputs
from tests.finance.leasing.plain_leases import best_lease, rows_for
from tests.finance.leasing.random_leases import random_car, random_deal, random_sheet, row, sheet

DEALS, CARS_EACH = 100, 8
LEASED: dict[str, Any] = {"price_cents": 2_100_000, "msrp_cents": 2_300_000, "is_new": 1}
TAXED = BasisPoints(1025)


def of_one(deal: DealInputs, rows: LeaseSheet, **numbers: int) -> dict[str, Any]:
    """Return the best lease of one new car without a name."""
    columns = best_leases(deal, rows, cars(car(**(LEASED | numbers))), CarNames.each([None]))
    return {name: values[0] for name, values in columns.items()}


def test_the_published_lease_as_a_deal() -> None:
    """272.64 with tax, and 2,363.51 due at signing."""
    deal = inputs(
        Structure(rebate_cents=500_00, fees_cents=1_200_00, taxable_fees_cents=1_200_00, tax_rate_bp=TAXED)
    )
    offered = of_one(deal, sheet(row(acquisition_fee_cents=650_00, acquisition_capitalised=False)))
    assert offered["lease_payment_cents"] == 272_64
    assert offered["lease_due_at_signing_cents"] == 2_363_51
    assert (offered["lease_cash_down_cents"], offered["lease_binding"]) == (0, None)


@pytest.mark.parametrize("seed", range(DEALS))
def test_brute_force_finds_nothing_better(seed: int) -> None:
    """800 random cars have the lease that trying every row, cash and discount finds, to the cent."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    stock = [random_car(random) for _ in range(CARS_EACH)]
    columns = best_leases(
        deal, rows, cars(*(each for each, _ in stock)), CarNames.each([name for _, name in stock])
    )
    expected = [best_lease(deal, rows, numbers, name) for numbers, name in stock]
    shown = [
        None
        if best is None
        else (best.row.lender, best.row.term_months, best.row.miles_per_year, best.payment, best.value,
              best.due, best.cash, best.discount)
        for best in expected
    ]  # fmt: skip
    names = (
        *("lease_lender", "lease_term_months", "lease_miles_per_year", "lease_payment_cents"),
        *("lease_value_cents", "lease_due_at_signing_cents", "lease_cash_down_cents", "lease_discount_cents"),
    )
    found = zip(*(columns[name] for name in names), strict=True)
    assert shown == [None if each[0] is None else each for each in found]
    assert [binding is None for binding in columns["lease_binding"]] == [each is not None for each in shown]


def test_the_random_deals_have_leases_of_every_sort() -> None:
    """The comparison above is not of empty answers: cash, discounts and refusals all occur."""
    leased, cash, discounts, refused = 0, 0, 0, set[str]()
    for seed in range(DEALS):
        random = Random(seed)
        deal, rows = random_deal(random), random_sheet(random)
        stock = [random_car(random) for _ in range(CARS_EACH)]
        columns = best_leases(
            deal, rows, cars(*(each for each, _ in stock)), CarNames.each([name for _, name in stock])
        )
        s = deal.structure
        leased += sum(each is not None for each in columns["lease_payment_cents"])
        cash += sum((each or 0) > s.cash_down_cents for each in columns["lease_cash_down_cents"])
        discounts += sum((each or 0) > s.discount_cents for each in columns["lease_discount_cents"])
        refused |= set(columns["lease_binding"]) - {None}
    assert leased >= 120
    assert cash >= 8
    assert discounts >= 3
    assert {"payment_max", "lease_car", "new_used", "npv_floor", "lease_cap"} <= refused


@given(st.integers(0, 10**9))
def test_permuted_cars_have_permuted_leases(seed: int) -> None:
    """A car's lease does not depend on the other cars."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    stock = [random_car(random) for _ in range(6)]
    order = random.sample(range(6), 6)

    def leases(places: list[int]) -> list[tuple[Any, ...]]:
        columns = best_leases(
            deal, rows, cars(*(stock[at][0] for at in places)), CarNames.each([stock[at][1] for at in places])
        )
        return list(zip(*columns.values(), strict=True))

    straight = leases(list(range(6)))
    assert leases(order) == [straight[at] for at in order]


@given(st.integers(0, 10**9), st.integers(0, 500), st.integers(0, 500))
def test_a_payment_falls_or_stays_as_cash_rises(seed: int, less: int, more: int) -> None:
    """Of the same row and discount, with any tax of any method."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    deal = msgspec.structs.replace(
        deal, structure=msgspec.structs.replace(deal.structure, payment_max_cents=None)
    )
    numbers, name = random_car(random)
    plan, one = plan_leases(deal, rows), cars(numbers)
    applying = rows_that_apply(plan, one, CarNames.each([name]))

    def payments(cash: int) -> dict[int, int]:
        exact = Headroom(cash, cash, 1, np.array([deal.structure.discount_cents]))
        leases = ranked(plan, one, applying, exact)
        paid = np.broadcast_to(np.asarray(leases.money.payment_with_tax), leases.row.shape)
        return dict(zip(leases.row.tolist(), paid.tolist(), strict=True))

    low, high = payments(min(less, more)), payments(max(less, more))
    assert all(high[each] <= low[each] for each in low)


@given(st.integers(0, 10**9))
def test_the_row_that_applies_is_the_most_exact_one(seed: int) -> None:
    """Then the latest model year, then the fewest miles that cover the customer's."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    numbers, name = random_car(random)
    plan = plan_leases(deal, rows)
    applying = rows_that_apply(plan, cars(numbers), CarNames.each([name]))
    found = sorted(plan.rows.number[applying.row].tolist())
    order = list(rows.programmes)
    assert found == sorted(order.index(each) for each in rows_for(deal, rows, numbers, name))


def test_a_row_that_names_the_model_goes_before_the_make() -> None:
    """Letter case does not count; a car without a name takes only rows that name none."""
    rows = sheet(
        row(residual_bp=5_000.0),
        row(make="Toyota", residual_bp=5_500.0),
        row(make="Toyota", model="Camry", residual_bp=6_000.0),
    )
    names = [("TOYOTA", "camry", "sedan"), ("Toyota", "RAV4", "suv"), ("Ford", "Camry", "sedan"), None]
    stock = cars(*[car(**LEASED)] * 4)
    plan = plan_leases(inputs(), rows)
    applying = rows_that_apply(plan, stock, CarNames.each(names))
    assert (plan.rows.residual_share[applying.row] / 100).tolist() == [6_000.0, 5_500.0, 5_000.0, 5_000.0]


@pytest.mark.parametrize(
    ("changes", "numbers", "binding"),
    [
        ({"tier": Tier.SUBPRIME}, {}, Limit.TIER),
        ({"score_min": 800}, {}, Limit.SCORE),
        ({"term_months": 39}, {}, Limit.TERM),
        ({"miles_per_year": 10_000}, {}, Limit.LEASE_MILES),
        ({"mileage_max": 100}, {"mileage": 101}, Limit.MILEAGE),
        ({"year_min": 2025}, {"year": 2024}, Limit.MODEL_YEAR),
        ({}, {"msrp_cents": 0}, Limit.LEASE_MSRP),
        ({}, {"is_new": 0}, Limit.NEW_USED),
        ({"make": "Ford"}, {}, Limit.LEASE_CAR),
        ({}, {"price_cents": 3_000_000}, Limit.PAYMENT_MAX),
        ({"pti_max_bp": 500.0}, {}, Limit.PTI),
        ({"cap_max_bp": 9_000.0}, {}, Limit.LEASE_CAP),
        ({"residual_bp": 9_999.0}, {}, Limit.LEASE_RESIDUAL),
        ({}, {"cost_cents": 2_900_000}, Limit.NPV_FLOOR),
    ],
)
def test_a_car_without_a_lease_names_the_limit(
    changes: dict[str, Any], numbers: dict[str, int], binding: Limit
) -> None:
    """Each limit of a lease has its name."""
    deal = inputs(
        Structure(lease_miles_per_year=12_000, payment_max_cents=500_00),
        score=700,
        monthly_income_cents=5_000_00,
        npv_floor_cents=-3_000_00,
    )
    offered = of_one(deal, sheet(row(**changes)), **numbers)
    assert offered["lease_binding"] == binding.wire
    assert offered["lease_payment_cents"] is None


def test_a_discount_above_the_price_is_named() -> None:
    """As it is of a loan."""
    deal = inputs(Structure(discount_cents=2_200_000))
    assert of_one(deal, sheet(row()))["lease_binding"] == "discount"


def test_an_unknown_cost_has_a_lease_without_a_value() -> None:
    """The lease is the same, and no floor refuses it."""
    deal = inputs(Structure(), npv_floor_cents=10**9)
    offered = of_one(deal, sheet(row()), cost_cents=UNKNOWN_COST)
    assert (offered["lease_value_cents"], offered["lease_binding"]) == (None, None)


def test_a_loans_term_is_not_a_leases() -> None:
    """A stated term limits leases only if the deal is a lease."""
    stated = Structure(term_months=72, terms_months=[36, 72])
    assert of_one(inputs(stated), sheet(row()))["lease_term_months"] == 36
    leased = msgspec.structs.replace(stated, kind=DealKind.LEASE)
    assert of_one(inputs(leased), sheet(row()))["lease_binding"] == "term"


@pytest.mark.parametrize(
    ("buy", "cap", "standard_bp", "sell"),
    [
        (0.00125, 0.0, 100.0, 1_250),
        (0.00125, 0.0004, 100.0, 1_650),
        (0.00125, 0.0010, 100.0, 1_660),
        (0.001255, 0.0, 100.0, 1_255),
        (0.001255, 0.0004, 50.0, 1_460),
    ],
)
def test_the_sell_factor_has_the_standard_markup(
    buy: float, cap: float, standard_bp: float, sell: int
) -> None:
    """Within the lender's cap, rounded down to five decimals, and never below the lender's own."""
    marked = row(money_factor=buy, factor_markup_max=cap)
    assert sell_factor(marked, inputs(standard_markup_bp=standard_bp)) == sell


def test_blocks_of_cars_are_one_answer() -> None:
    """More cars than a block has lead to the same leases."""
    rows, numbers = sheet(row(), row(term_months=48, residual_bp=4_800.0)), car(**LEASED)
    count = BLOCK_PAIRS // 2 + 3
    columns = best_leases(inputs(), rows, cars(*[numbers] * count), CarNames.each([None] * count))
    assert set(columns["lease_payment_cents"]) == {of_one(inputs(), rows)["lease_payment_cents"]}
    assert len(columns["lease_payment_cents"]) == count
