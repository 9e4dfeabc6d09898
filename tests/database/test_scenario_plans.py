"""What a scenario is priced from after an edit, and what of it reaches the deal."""

import pytest
from msgspec import UNSET

from protocol.closing import CommandError, ErrorCode
from protocol.deal.product_lines import ProductLine
from protocol.deal.scenarios import name_key, next_name, tidy_name
from protocol.deal.structure import Structure, StructureChanges, with_trades
from protocol.deal.trades import Trade
from server.database.decisions.edits.scenario_plans import Plan, usable

ASKED = StructureChanges(
    term_months=72, cash_down_cents=100_00, discount_cents=250_00, payment_max_cents=None
)
PLAN = Plan(Structure(fees_cents=700_00), "7", ASKED, "p1")


def test_an_edit_states_anew_what_the_offer_asked_for() -> None:
    """What belongs together goes together; what is not named stays asked, as does the programme."""
    cash = PLAN.changed(StructureChanges(cash_down_cents=300_00, cash_down_max_cents=300_00))
    assert cash.structure.cash_down_cents == cash.structure.cash_down_max_cents == 300_00
    assert dict(cash.asks.items()) == {
        "discount_cents": 250_00,
        "term_months": 72,
        "payment_max_cents": None,
    }
    assert (cash.vehicle_id, cash.programme_id) == ("7", "p1")
    assert PLAN.changed(StructureChanges()) == PLAN


def test_another_term_or_car_finds_its_programme_anew() -> None:
    """The one that was asked for may not have the term, or not take the car."""
    term = PLAN.changed(StructureChanges(terms_months=[60]))
    assert (term.programme_id, term.asks.term_months, term.structure.terms_months) == (None, UNSET, [60])
    other = PLAN.changed(StructureChanges(), "8")
    assert (other.vehicle_id, other.programme_id, other.asks) == ("8", None, ASKED)
    assert PLAN.changed(StructureChanges(), None).vehicle_id is None


def test_a_stated_discount_is_the_whole_discount() -> None:
    """It is asked for as well as stated: the search adds none of its own."""
    plan = PLAN.changed(StructureChanges(discount_cents=100_00))
    assert plan.structure.discount_cents == plan.asks.discount_cents == 100_00
    assert plan.asks.payment_max_cents is UNSET


def test_an_edit_that_contradicts_the_structure_is_refused() -> None:
    """As it would be of the deal's own."""
    with pytest.raises(CommandError) as refused:
        PLAN.changed(StructureChanges(taxable_fees_cents=800_00))
    assert (refused.value.code, refused.value.detail["field"]) == (ErrorCode.INVALID, "taxable_fees_cents")


def appraised(acv_cents: int | None, allowance_cents: int = 5_000_00) -> Structure:
    """Return a structure with one trade."""
    trade = Trade(id="t", allowance_cents=allowance_cents, acv_cents=acv_cents)
    return with_trades(Structure(products_cost_cents=10_00), [trade])


@pytest.mark.parametrize(
    ("then", "now", "hides", "kept"),
    [
        (None, 4_000_00, False, 4_000_00),
        (None, 4_000_00, True, 4_000_00),
        (3_000_00, None, False, 3_000_00),
        (3_000_00, None, True, None),
        (3_000_00, 4_000_00, False, 4_000_00),
    ],
)
def test_a_scenario_is_no_appraisal(then: int | None, now: int | None, hides: bool, kept: int | None) -> None:
    """What the desk found out of a trade since stays; who does not see it does not set it either."""
    used = usable(appraised(then, 6_000_00), appraised(now), hides=hides)
    assert (used.trades[0].acv_cents, used.trade_acv_cents) == (kept, kept)
    assert used.trade_allowance_cents == 6_000_00


def test_what_the_desk_alone_sets_stays_the_deals_for_whom_it_is_hidden() -> None:
    """The cost of products, and a cash value without a record of the trade."""
    scenario, deal = Structure(products_cost_cents=1), Structure(products_cost_cents=2, trade_acv_cents=3)
    assert usable(scenario, deal, hides=False).products_cost_cents == 1
    seen = usable(scenario, deal, hides=True)
    assert (seen.products_cost_cents, seen.trade_acv_cents) == (2, 3)
    lines = Structure(products=[ProductLine(product_id="gap", price_cents=100)], products_cost_cents=1)
    assert usable(lines, deal, hides=True).products_cost_cents == 1


def test_names_differ_by_more_than_case_and_spaces() -> None:
    """The next free letter follows the deal, which is A."""
    assert tidy_name("  Sixty \t months ") == "Sixty months"
    assert name_key("SIXTY  months") == name_key("Sixty Months")
    assert next_name([]) == "Scenario B"
    assert next_name(["scenario  b", "Scenario D"]) == "Scenario C"
