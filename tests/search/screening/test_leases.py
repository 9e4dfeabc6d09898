"""Screening and workers on leases."""

from random import Random
from typing import Any

import msgspec
import pytest

from protocol.jobs import NUMBER_COLUMNS
from protocol.money.inputs import CarName, DealInputs
from protocol.records import DealKind
from server.finance.architect import price_plan
from server.finance.cars import Cars
from server.finance.leasing.names import CarNames
from server.finance.offers import offers_of
from server.finance.plan import Plan, plan_deal
from server.search.paging.rows.reading import leased_cars
from server.search.screening.names import lease_names_of
from server.search.screening.other_terms import OtherTerms
from server.search.screening.screen import screen_rows
from server.search.sql.query import RESULT_COLUMNS, LeasedCars
from tests.finance.cases import inputs, model, programme
from tests.finance.cases import sheet as rate_sheet
from tests.finance.leasing.random_leases import random_car, random_deal, random_sheet, row, sheet

STRICT = programme(amount_min_cents=2_000, amount_max_cents=9_000, pti_max_bp=1_000.0, term_months=36)


def row_of(number: int, car: dict[str, int], name: CarName | None) -> tuple[Any, ...]:
    """Return a row of stage 1."""
    make, model_name, body = name or ("", "", "")
    texts = {
        "vehicle_id": str(number),
        "rev": 1,
        "position": car["price_cents"],
        "rebates_without": None,
        "make": make,
        "model": model_name,
        "body": body,
    }
    return tuple(car.get(each, texts.get(each, each)) for each in RESULT_COLUMNS)


def deal_of(random: Random, kind: DealKind) -> DealInputs:
    """Return a random deal of a kind for which leases count."""
    deal = random_deal(random)
    structure = msgspec.structs.replace(deal.structure, kind=kind)
    return msgspec.structs.replace(deal, structure=structure, all_kinds=True)


def offers(plan: Plan, stock: list[dict[str, int]], names: CarNames) -> dict[str, list[Any]]:
    """Return what a worker finds."""
    columns = Cars.of({name: [car[name] for car in stock] for name in NUMBER_COLUMNS})
    pricing = price_plan(plan, model()) if len(plan.programmes) else None
    return offers_of(plan, pricing, columns, names)


@pytest.mark.parametrize("kind", [DealKind.FINANCE, DealKind.LEASE])
def test_search_and_workers_agree_on_leases(kind: DealKind) -> None:
    """A car is matched exactly where a worker offers it in some way, unless it is worth too little; a job's
    names are those of its cars, and its lease has the payment that the match shows.
    """
    leased = 0
    for seed in range(150):
        random = Random(3_000 + seed)
        deal, leases = deal_of(random, kind), random_sheet(random)
        stock = [random_car(random) for _ in range(5)]
        plan = plan_deal(deal, rate_sheet(STRICT), leases=leases)
        screened = screen_rows(plan, [row_of(number, *each) for number, each in enumerate(stock)])
        cars = [car for car, _ in stock]
        found = offers(plan, cars, CarNames.each([name or ("", "", "") for _, name in stock]))
        fits = [
            number
            for number, (way, binding) in enumerate(zip(found["kind"], found["binding"], strict=True))
            if way is not None or binding == "npv_floor"
        ]
        assert [number for number in fits if found["kind"][number] is not None] == [
            number for number in screened.row_numbers if found["kind"][number] is not None
        ]
        if not len(screened):
            continue
        names, of_car = lease_names_of(plan, screened.columns)
        named = CarNames.of(names, of_car, len(screened))
        again = offers(plan, [cars[number] for number in screened.row_numbers], named)
        assert again == {
            name: [values[number] for number in screened.row_numbers] for name, values in found.items()
        }
        for way, payment, most in zip(
            again["kind"], again["lease_payment_cents"], screened.columns["payment_max_cents"], strict=True
        ):
            if way == DealKind.LEASE:
                leased += 1
                assert payment == most
    assert leased >= 10


def test_jobs_name_cars_only_if_a_programme_does() -> None:
    """Each different name once."""
    columns = {"make": ["A", "B", "A"], "model": ["x", "y", "x"], "body": ["", "", ""]}
    deal = msgspec.structs.replace(inputs(), all_kinds=True)
    plain = plan_deal(deal, rate_sheet(STRICT), leases=sheet(row()))
    assert lease_names_of(plain, columns) == ([], [])
    named = plan_deal(deal, rate_sheet(STRICT), leases=sheet(row(make="A")))
    assert lease_names_of(named, columns) == ([("A", "x", ""), ("B", "y", "")], [0, 1, 0])


def test_the_cars_that_a_sheet_leases() -> None:
    """The makes that rows name, every make if a row names none, nothing without rows for the deal."""
    deal = msgspec.structs.replace(inputs(), all_kinds=True)

    def leased(*rows: Any) -> LeasedCars | None:
        return leased_cars(plan_deal(deal, rate_sheet(STRICT), leases=sheet(*rows)))

    assert leased(row(make="Kia"), row(make="Ford")) == LeasedCars(("Ford", "Kia"))
    assert leased(row(make="Kia"), row()) == LeasedCars(())
    assert leased(row(make="BMW", used_cars=True)) == LeasedCars(("BMW",), used=True)
    assert leased(row(term_months=39)) is None
    old = plan_deal(inputs(), rate_sheet(STRICT), leases=sheet(row()))
    assert leased_cars(old) is None


@pytest.mark.parametrize("kind", [DealKind.FINANCE, DealKind.LEASE])
def test_another_term_that_leases_a_rejected_car_is_named(kind: DealKind) -> None:
    """A car matches with one more term of a loan or a lease exactly if that term is named."""
    compared = opened = 0
    for seed in range(120):
        random = Random(7_000 + seed)
        deal, leases = deal_of(random, kind), random_sheet(random)
        structure = msgspec.structs.replace(deal.structure, term_months=None)
        deal = msgspec.structs.replace(deal, structure=structure)
        stock = [row_of(number, *random_car(random)) for number in range(4)]
        plan = plan_deal(deal, rate_sheet(STRICT), leases=leases)
        if plan.empty and kind is DealKind.FINANCE:
            continue
        others = {each.term_months for each in leases.programmes} | {STRICT.term_months}
        others -= set(structure.terms_months)
        for each in screen_rows(plan, stock, OtherTerms(plan, leases)).rejected:
            named = set()
            for term in others:
                more = msgspec.structs.replace(structure, terms_months=[*structure.terms_months, term])
                again = plan_deal(
                    msgspec.structs.replace(deal, structure=more), rate_sheet(STRICT), leases=leases
                )
                if len(screen_rows(again, [stock[each.row_number]])):
                    named.add(term)
            assert set(each.terms) == named
            compared += 1
            opened += bool(named)
    assert compared > 50 and opened > 5
