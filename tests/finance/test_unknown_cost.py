"""A car whose cost nobody knows: its payments are as certain as any car's, and its gross and NPV are not."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.jobs import NUMBER_COLUMNS, UNKNOWN_COST
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from protocol.money.quotes import WarningCode
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.plan import plan_deal
from server.finance.quoting import (
    Case,
    GridQuestion,
    quote_frontier,
    quote_grid,
    quote_structure,
    quote_warnings,
)
from tests.finance.cases import model, sheet
from tests.finance.strategies import deals, numbers, programmes

LOWEST_FLOOR = -(10**13)
WORTH = {"npv_cents", "stress_npv_cents"}


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=4), one=st.data())
def test_offers_are_those_of_any_cost_without_their_npv(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]], one: st.DataObject
) -> None:
    """The best structure does not depend on a cost that is the same for all of them; no floor refuses it.

    Cars with a known cost beside it keep their offers to the cent.
    """
    plan = plan_deal(deal, sheet(*rows))
    if not len(plan.programmes):
        return
    unknown = one.draw(st.integers(0, len(stock) - 1))
    columns = {name: [car[name] for car in stock] for name in NUMBER_COLUMNS}
    hidden = columns | {"cost_cents": list(columns["cost_cents"])}
    hidden["cost_cents"][unknown] = UNKNOWN_COST
    offers = best_offers(price_plan(plan, model()), Cars.of(hidden))
    everything = best_offers(price_plan(plan, model()), Cars.of(columns))
    anyway = msgspec.structs.replace(deal, npv_floor_cents=LOWEST_FLOOR)
    free = best_offers(price_plan(plan_deal(anyway, sheet(*rows)), model()), Cars.of(columns))
    for name, column in offers.items():
        for car, cell in enumerate(column):
            if car != unknown:
                assert cell == everything[name][car], name
            elif name in WORTH:
                assert cell is None
            else:
                assert cell == free[name][car], name


@given(deal=deals(), rows=programmes(), car=numbers())
def test_a_quote_says_that_it_is_incomplete(
    deal: DealInputs, rows: tuple[Programme, ...], car: dict[str, int]
) -> None:
    """It has the payment and no value; so have the grid and the frontier, and a warning says why."""
    case = Case(deal, car | {"cost_cents": UNKNOWN_COST}, sheet(*rows), model())
    quoted = quote_structure(case)
    codes = {each.code for each in quote_warnings(case, quoted, desk=False)}
    assert WarningCode.COST_UNKNOWN in codes
    assert quoted.answer.value is msgspec.UNSET
    assert quoted.answer.binding != "npv_floor"
    if quoted.choice is not None:
        assert quoted.answer.payment_cents == quoted.choice.payment_cents
        assert quoted.choice.npv_cents is quoted.choice.front_gross_cents is None
    grid = quote_grid(case, GridQuestion(best=True), None)
    assert isinstance(grid.npv_cents, list)
    assert all(npv is None for row in grid.npv_cents for npv in row)
    points, bands = quote_frontier(case)
    assert all(point.npv_cents is point.passed_by is msgspec.UNSET for point in points)
    assert all(band.best.npv_cents is msgspec.UNSET for band in bands)
