"""The limit that refuses a car to every lease row, against the limits of each single row."""

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseProgramme
from server.finance.leasing.applying import rows_that_apply
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import plan_leases
from server.finance.rules.limits import Limit
from tests.finance.cases import cars
from tests.finance.leasing.random_leases import random_car, random_deal, random_sheet

CARS = 8


def limit_of(deal: DealInputs, row: LeaseProgramme, car: dict[str, int], name: CarName | None) -> Limit:
    """Return the most serious limit that refuses a car to a row, NONE if the row takes it."""
    s, is_new = deal.structure, car["is_new"] > 0
    price = car["price_cents"] if s.price_cents is None else min(car["price_cents"], s.price_cents)
    wanted, own = (row.make, row.model, row.segment), name or ("", "", "")
    if price < s.discount_cents:
        return Limit.DISCOUNT
    if any(asked and asked.lower() != has.lower() for asked, has in zip(wanted, own, strict=True)):
        return Limit.LEASE_CAR
    if not (row.new_cars if is_new else row.used_cars):
        return Limit.NEW_USED
    if car["msrp_cents"] <= 0:
        return Limit.LEASE_MSRP
    if car["year"] < row.year_min:
        return Limit.MODEL_YEAR
    return Limit.MILEAGE if car["mileage"] > row.mileage_max else Limit.NONE


@given(st.integers(0, 10**9), st.booleans())
def test_the_nearest_limit_is_the_easiest_of_all_rows(seed: int, is_dear: bool) -> None:
    """Though only the rows for a car's name are tried; a discount may be larger than the price."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    if is_dear:
        structure = msgspec.structs.replace(deal.structure, discount_cents=random.randint(3_000, 8_000))
        deal = msgspec.structs.replace(deal, structure=structure)
    stock = [random_car(random) for _ in range(CARS)]
    plan = plan_leases(deal, rows)
    found = rows_that_apply(
        plan, cars(*(car for car, _ in stock)), CarNames.each([name for _, name in stock])
    )
    each_row = plan.rows.row.tolist()
    expected = [
        min((limit_of(deal, row, car, name) for row in each_row), default=plan.empty) for car, name in stock
    ]
    assert found.refusal.tolist() == expected
    assert set(found.car.tolist()) == {car for car, limit in enumerate(expected) if limit is Limit.NONE}


@given(st.integers(0, 10**9))
def test_every_row_is_in_one_group(seed: int) -> None:
    """Groups differ in what they take, and a name finds its groups whatever the letter case."""
    random = Random(seed)
    deal, rows = random_deal(random), random_sheet(random)
    plan = plan_leases(deal, rows)
    groups = plan.groups
    assert sorted(groups.rows.tolist()) == list(range(len(plan.rows)))
    _, name = random_car(random)
    make, model, segment = name or ("", "", "")
    found = groups.naming((make.upper(), model.lower(), segment.upper()))
    assert len(set(found)) == len(found)
    named = {row for group in found for row in _rows(groups.start[group], groups.count[group])}
    expected = [
        number
        for number, row in enumerate(plan.rows.row.tolist())
        if row.make in {"", make} and row.model in {"", model} and row.segment in {"", segment}
    ]
    assert sorted(groups.rows[at] for at in named) == expected


def _rows(start: int, count: int) -> range:
    return range(start, start + count)
