"""Rate or rebate: a subvented row excludes the rebates that it names, and both offers are shown."""

import datetime as dt
from typing import Any

import pytest
from msgspec import UNSET

from protocol.deal.structure import Structure
from protocol.money.inputs import RowRule
from protocol.money.lending import MOST_EXCLUSIONS, Disposition, Programme, Rebate, ReserveMethod
from server.finance.architect import best_offers, price_plan
from server.finance.plan import plan_deal
from server.finance.quoting import Case, quote_frontier, quote_structure, quote_whole
from server.finance.quoting.grids.axes import GridQuestion
from server.finance.rules.rebates import check_exclusions, exclusions_of, without
from tests.finance.cases import car, cars, inputs, model, programme, sheet

SOLD: dict[str, Any] = {"disposition": Disposition.SOLD, "reserve_share_bp": 0.0}
USUAL = programme(programme_id="usual", **SOLD, reserve_method=ReserveMethod.FLAT, reserve_flat_cents=40_000)
SUBVENTED = programme(
    programme_id="subvented",
    **SOLD,
    buy_rate_bp=199.0,
    markup_max_bp=0.0,
    reserve_method=ReserveMethod.FLAT,
    reserve_flat_cents=30_000,
    subvented=True,
    excluded_rebates=("Customer cash",),
)
REBATED = car(rebate_cents=150_000) | {"rebate_without_1_cents": 50_000}
PLAIN = car() | {"rebate_without_1_cents": 0}
WISH = Structure(terms_months=[60], cash_down_max_cents=0)


def case(numbers: dict[str, int], *rows: Programme) -> Case:
    """Return a car under the usual and the subvented row of one lender."""
    return Case(
        inputs(WISH, row_rule=RowRule.CHEAPEST), numbers, sheet(*(rows or (USUAL, SUBVENTED))), model()
    )


def test_rate_and_rebate_are_two_offers() -> None:
    """The subvented rate finances $1,000 more; the quote has the better one by value, and both beside it."""
    whole = quote_whole(case(REBATED), GridQuestion([60], [0]), None, desk=True)
    rate, rebate = whole.rate_or_rebate
    assert (rate.rate_bp, rate.rebate_cents, rate.rebate_given_up_cents) == (199.0, 50_000, 100_000)
    assert (rate.excluded_rebates, rebate.excluded_rebates) == (["Customer cash"], UNSET)
    assert (rebate.rate_bp, rebate.rebate_cents, rebate.rebate_given_up_cents) == (799.0, 150_000, 0)
    assert (rate.npv_cents, rebate.npv_cents) == (300_000 + 30_000, 300_000 + 40_000)
    answer = whole.quoted.answer
    assert (answer.programme_id, answer.rebate_cents, answer.principal_cents) == ("usual", 150_000, 2_350_000)
    assert (answer.rebate_given_up_cents, answer.excluded_rebates) == (UNSET, UNSET)


def test_the_quote_says_which_rebate_its_rate_gives_up() -> None:
    """The subvented row alone: $1,000 given up, and its name."""
    answer = quote_structure(case(REBATED, SUBVENTED)).answer
    assert (answer.rebate_cents, answer.principal_cents) == (50_000, 2_450_000)
    assert (answer.rebate_given_up_cents, answer.excluded_rebates) == (100_000, ["Customer cash"])


def test_a_car_without_the_rebate_gets_the_lenders_cheapest_rate() -> None:
    """Nothing is given up, so the dearer row of the same lender may not be offered."""
    whole = quote_whole(case(PLAIN), GridQuestion([60], [0]), None, desk=True)
    assert (whole.quoted.answer.programme_id, whole.rate_or_rebate) == ("subvented", [])
    assert whole.quoted.answer.rebate_given_up_cents is UNSET


def test_offers_and_frontier_say_what_a_rate_gives_up() -> None:
    """In the columns of the search, and at each point."""
    plan = plan_deal(inputs(WISH, row_rule=RowRule.CHEAPEST), sheet(SUBVENTED))
    columns = best_offers(price_plan(plan, model()), cars(REBATED, PLAIN))
    assert columns["rebate_given_up_cents"] == [100_000, 0]
    points, _ = quote_frontier(case(REBATED))
    assert [(point.programme_id, point.rebate_given_up_cents) for point in points] == [
        ("subvented", 100_000),
        ("usual", 0),
    ]


def test_a_job_without_the_further_numbers_gives_no_rebate_away() -> None:
    """A car whose rebate under the exclusions is not known has none there."""
    plan = plan_deal(inputs(WISH), sheet(SUBVENTED))
    columns = best_offers(price_plan(plan, model()), cars(car(rebate_cents=150_000)))
    assert columns["rebate_given_up_cents"] == [150_000]


def rebate(name: str, programme_name: str) -> Rebate:
    """Return a rebate of a year."""
    return Rebate(
        rebate_id=name,
        programme=programme_name,
        make="Ford",
        starts_on=dt.date(2026, 1, 1),
        ends_on=dt.date(2026, 12, 31),
        amount_cents=100_000,
    )


def test_rebates_are_excluded_by_id_or_by_programme() -> None:
    """Either name will do."""
    found = [rebate("a", "Customer cash"), rebate("b", "Loyalty"), rebate("c", "Loyalty")]
    assert [one.rebate_id for one in without(found, ("Customer cash", "c"))] == ["b"]


def test_a_sheet_has_few_lists_of_exclusions() -> None:
    """Each costs a number of every car; the same names in another order are one list."""
    twice = [programme(subvented=True, excluded_rebates=names) for names in (("a", "b"), ("b", "a"))]
    assert exclusions_of(sheet(*twice)) == (("a", "b"),)
    many = [
        programme(subvented=True, excluded_rebates=(str(number),)) for number in range(MOST_EXCLUSIONS + 1)
    ]
    check_exclusions(many[1:])
    with pytest.raises(ValueError, match="9 different lists"):
        check_exclusions(many)
