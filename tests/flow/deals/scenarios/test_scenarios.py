"""Scenarios beside a deal: priced, changed by two people, put on the deal, refused as its terms would be."""

import asyncio
import uuid
from collections.abc import Callable

import pytest
from msgspec import UNSET

from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.agreed import figures_of
from protocol.deal.customers import CustomerChanges
from protocol.deal.scenarios import MAX_SCENARIOS, SCENARIOS_BYTES, Scenario
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import DealSnapshot
from protocol.records import DealKind, DealState, View
from server.database.core.pool import connect_as_owner
from server.database.deals.deal_parts import load_whole
from tests.flow.deals.figures.test_price_guard import DEARER_SHEET
from tests.flow.desk import Both, refused, seen
from tests.flow.shop import connect, token_of

pytestmark = pytest.mark.flow

THREE_DOWN = StructureChanges(
    cash_down_cents=3_000_00, cash_down_max_cents=3_000_00, term_months=None, terms_months=[60]
)


def scenarios_of(deal: DealSnapshot) -> list[Scenario]:
    """Return the scenarios that a view shows."""
    assert deal.scenarios is not UNSET
    return deal.scenarios


def on_the_deal(deal: DealSnapshot) -> list[str]:
    """Return the names of the scenarios that are the deal's."""
    return [each.name for each in scenarios_of(deal) if each.of_the_deal]


def at_version(scenario_id: str, version: int) -> Callable[[DealSnapshot], bool]:
    """Return whether a deal has a scenario at a version."""
    return lambda deal: any(each.id == scenario_id and each.version == version for each in scenarios_of(deal))


async def known_to_both(both: Both, scenario_id: str, version: int = 1) -> Scenario:
    """Return a scenario as the manager sees it, once both see it at a version."""
    state = await both.agree(at_version(scenario_id, version))
    return next(each for each in scenarios_of(state) if each.id == scenario_id)


async def stored(both: Both) -> list[Scenario]:
    """Return the scenarios as Postgres has them: what somebody sees whose process does not hold the deal."""
    async with connect_as_owner(both.settings.database_owner_url) as database:
        found = await load_whole(database, both.sales.state.id)
    assert found is not None
    return found[1].scenarios


async def as_joined(both: Both, view: View) -> DealSnapshot:
    """Return the deal as somebody sees it who joins now."""
    login = "riverside-manager" if view is View.MANAGER else "riverside-sales"
    url = f"http://127.0.0.1:{both.settings.port}"
    async with connect(url, await token_of(both.settings, login)) as workspace:
        return (await workspace.join(both.sales.channel, view)).state


async def test_scenarios_are_priced_beside_the_deal_and_one_becomes_the_deals(both: Both) -> None:
    """Two people work on them; the deal's own structure stays until one of them is used."""
    sales, manager = both.sales, both.manager
    await sales.desk.select(both.cars[0])
    before = await both.agree(lambda deal: deal.selected is not None)

    # A duplicate is what the deal is.
    op = uuid.uuid4()
    first = await sales.scenarios.add(op=op)
    assert await sales.scenarios.add(op=op) == first
    copy = await known_to_both(both, first)
    assert (copy.name, copy.vehicle_id) == ("Scenario B", both.cars[0])
    assert before.selected and copy.offer and figures_of(copy.offer) == figures_of(before.selected)
    assert copy.structure == before.structure and not copy.of_the_deal

    # Three thousand down and sixty months instead: to the cent what a quote of it says.
    await sales.scenarios.change(copy, THREE_DOWN, name="  Sixty   months ")
    sixty = await known_to_both(both, first, 2)
    quoted = await manager.quote(both.cars[0], THREE_DOWN)
    assert sixty.offer and (sixty.name, sixty.offer.cash_down_cents) == ("Sixty months", 3_000_00)
    assert (sixty.offer.payment_cents, sixty.offer.term_months) == (quoted.payment_cents, 60)
    assert sixty.offer.npv_cents == quoted.value.npv_cents and sixty.offer.pencil_id
    assert manager.state.structure == before.structure and manager.state.version == before.version

    # Another car, of a scenario; and what the sales view does not show of it.
    other = await manager.scenarios.add("The other car", source=first, vehicle_id=both.cars[1])
    await known_to_both(both, other)
    shown = sales.scenarios.named("The other car")
    assert shown.offer and shown.offer.vehicle_id == both.cars[1] and shown.offer.term_months == 60
    assert "trade_acv_cents" in manager.state.structure and "trade_acv_cents" not in shown.structure
    assert isinstance(shown.offer.npv_cents, int) and shown.offer.npv_cents % 10_00 == 0
    taken = await refused(manager.scenarios.add("the OTHER car"))
    assert (taken.code, taken.detail["field"]) == (ErrorCode.CONFLICT, "name")

    # Both change it on the same version: other fields merge, the same field is a conflict.
    stale = shown
    await manager.scenarios.change(stale, StructureChanges(terms_months=[48], term_months=None))
    more = StructureChanges(cash_down_cents=4_000_00, cash_down_max_cents=4_000_00)
    await sales.scenarios.change(stale, more)
    merged = await known_to_both(both, other, 3)
    assert merged.offer and (merged.offer.term_months, merged.offer.cash_down_cents) == (48, 4_000_00)
    late = await refused(sales.scenarios.change(stale, StructureChanges(terms_months=[36])))
    assert (late.code, late.detail["field"], late.detail["value"]) == (
        ErrorCode.CONFLICT,
        "terms_months",
        [48],
    )

    # What the deal does later is not the scenario's, and the scenario is not the customer's.
    await manager.terms(StructureChanges(fees_cents=999_00))
    assert sales.scenarios.named("Sixty months") == scenarios_of(sales.state)[0]
    assert scenarios_of(manager.state)[0].structure["fees_cents"] == before.structure["fees_cents"]
    customers = await as_joined(both, View.CUSTOMER)
    assert customers.scenarios is UNSET

    # One click: the structure and the car, in one decision.
    wrong = await refused(sales.scenarios.use(stale))
    assert (wrong.code, wrong.detail["field"]) == (ErrorCode.CONFLICT, "version")
    await both.caught_up()
    await sales.scenarios.use(sales.scenarios.named("The other car"))
    used = await both.agree(lambda deal: on_the_deal(deal) == ["The other car"])
    assert used.selected and figures_of(used.selected) == figures_of(merged.offer)
    assert used.structure["terms_months"] == [48] and used.structure["fees_cents"] != 999_00
    assert not used.selected_outdated
    assert await stored(both) == scenarios_of(used)

    # The deal differs: it is nobody's scenario then.
    await manager.terms(StructureChanges(fees_cents=888_00))
    left = await both.agree(lambda deal: on_the_deal(deal) == [])
    assert await stored(both) == scenarios_of(left)
    joined = await as_joined(both, View.SALES)
    assert scenarios_of(joined) == scenarios_of(sales.state)

    await sales.scenarios.remove(first)
    await both.agree(lambda deal: len(scenarios_of(deal)) == 1)
    for _ in range(MAX_SCENARIOS - 1):
        await manager.scenarios.add()
    full = await both.agree(lambda deal: len(scenarios_of(deal)) == MAX_SCENARIOS)
    assert [each.name for each in scenarios_of(full)][1:3] == ["Scenario B", "Scenario C"]
    assert (await refused(sales.scenarios.add())).code is ErrorCode.TOO_LARGE
    assert left.structure == full.structure
    kinds = {event["type"] for event in (await sales.older()).events}
    assert {"scenario_added", "scenario_changed", "scenario_removed", "scenario_used"} <= kinds
    await facts_and_lenders_make_figures_old(both)


async def facts_and_lenders_make_figures_old(both: Both) -> None:
    """The lender marks what it finances, except what is priced under it; facts mark what they touch."""
    sales, manager = both.sales, both.manager
    await sales.scenarios.use(sales.scenarios.named("Scenario B"))
    in_cash = StructureChanges(kind=DealKind.CASH, cash_down_max_cents=4_000_000)
    await sales.scenarios.change(sales.scenarios.named("Scenario C"), in_cash)
    await both.caught_up()
    at_first = await both.agree(lambda deal: reasons(deal) == {})
    copies = {"Scenario D", "Scenario E", "Scenario F"}
    assert copies < {each.name for each in scenarios_of(at_first)}
    assert at_first.selected and at_first.selected.lender
    assert next(each for each in scenarios_of(at_first) if each.name == "Scenario C").offer

    await both.lender_approves(at_first.selected)
    told = await both.agree(lambda deal: bool(reasons(deal)))
    assert reasons(told) == dict.fromkeys({*copies, *reasons(told)}, Reason.LENDER_CHANGED)
    assert reasons(told).keys().isdisjoint({"Scenario B", "Scenario C"}) and on_the_deal(told) == [
        "Scenario B"
    ]

    await manager.desk.customer(CustomerChanges(co_name="A friend"))
    poorer = await both.agree(lambda deal: "Scenario B" in reasons(deal))
    assert reasons(poorer)["Scenario B"] is Reason.CUSTOMER_CHANGED and "Scenario C" not in reasons(poorer)
    assert reasons(poorer)["Scenario D"] is Reason.LENDER_CHANGED
    await manager.desk.customer(CustomerChanges(postal_code="90210"))
    moved = await both.agree(lambda deal: "Scenario C" in reasons(deal))
    assert reasons(moved)["Scenario C"] is Reason.CUSTOMER_CHANGED
    assert await stored(both) == scenarios_of(moved)


def reasons(deal: DealSnapshot) -> dict[str, Reason]:
    """Return why scenarios are outdated, by name."""
    return {each.name: each.outdated for each in scenarios_of(deal) if each.outdated is not None}


async def test_using_a_scenario_is_refused_as_its_terms_and_its_car_would_be(both: Both) -> None:
    """Locks, the desk's own fields, states, agreed figures; and figures that are those of yesterday."""
    sales, manager = both.sales, both.manager
    await sales.desk.select(both.cars[0])
    await both.agree(lambda deal: deal.selected is not None)
    cheap = await manager.scenarios.add("Cheap", changes=StructureChanges(price_cents=15_000_00))
    cash = await sales.scenarios.add("Cash", changes=THREE_DOWN)
    empty = await sales.scenarios.add(
        "Only terms", changes=StructureChanges(fees_cents=777_00), vehicle_id=None
    )
    for scenario_id in (cheap, cash, empty):
        await known_to_both(both, scenario_id)
    of_desk = await refused(sales.scenarios.use(sales.scenarios.named("Cheap")))
    assert (of_desk.code, of_desk.detail["field"]) == (ErrorCode.FORBIDDEN, "price_cents")
    own = await refused(
        sales.scenarios.change(sales.scenarios.named("Cash"), StructureChanges(price_cents=14_000_00))
    )
    assert own.code is ErrorCode.FORBIDDEN
    await manager.desk.lock("cash_down_cents")
    await both.agree(lambda deal: bool(deal.locks))
    untouched = manager.state
    locked = await refused(sales.scenarios.use(sales.scenarios.named("Cash")))
    assert (locked.code, locked.detail["field"]) == (ErrorCode.LOCKED, "cash_down_cents")
    assert manager.state == untouched
    await manager.desk.unlock("cash_down_cents")
    await both.agree(lambda deal: not deal.locks)

    # Submitted: nothing changes the agreed figures. Countered: the deal works again, with both figures told.
    offer = await both.submitted()
    agreed = manager.state.agreed
    for name in ("Cash", "Only terms"):
        too_late = await refused(sales.scenarios.use(sales.scenarios.named(name)))
        assert (too_late.code, too_late.detail["field"]) == (ErrorCode.CONFLICT, "state")
    more = StructureChanges(cash_down_cents=offer.cash_down_cents + 500_00)
    await manager.desk.act(Action.COUNTER, Reason.CASH_TOO_LOW, changes=more)
    await both.agree(lambda deal: deal.state is DealState.COUNTERED)
    scenario = sales.scenarios.named("Cash")
    await sales.scenarios.use(scenario)
    working = await both.agree(lambda deal: on_the_deal(deal) == ["Cash"])
    assert scenario.offer and working.selected and working.state is DealState.WORKING
    assert figures_of(working.selected) == figures_of(scenario.offer)
    steps = [event for event in (await manager.older()).events if event["type"] == "state_changed"]
    assert agreed and steps[-1]["figures"] == {
        "old": codec.plain(agreed),
        "new": codec.plain(figures_of(scenario.offer)),
    }

    # A dearer sheet, and then a dearer car: the figures are said to be old, and are not used as they are.
    # Scenarios that fill their place are marked all the same.
    refuse = "UPDATE deals SET scenarios = jsonb_set(scenarios, '{2,refusal}', coalesce($1::jsonb, 'null'))"
    await both.run_sql(refuse, {"message": "x" * SCENARIOS_BYTES, "binding": None})
    for statement in DEARER_SHEET.strip().split(";\n"):
        await both.run_sql(statement)
    old = await known_to_both(both, cash, 2)
    await both.run_sql(refuse, None)
    assert old.outdated is Reason.RATES_CHANGED and old.offer
    assert figures_of(old.offer) == figures_of(scenario.offer)
    changed = await refused(sales.scenarios.use(sales.scenarios.named("Cash")))
    assert (changed.code, changed.detail["field"]) == (ErrorCode.CONFLICT, "figures")
    await sales.scenarios.change(old)
    now = await known_to_both(both, cash, 3)
    assert now.outdated is None and now.offer and scenario.offer
    assert now.offer.payment_cents > scenario.offer.payment_cents
    await both.run_sql(
        "UPDATE vehicles SET price_cents = price_cents + 90000 WHERE vehicle_id::text = $1", both.cars[0]
    )
    assert (await known_to_both(both, cash, 4)).outdated is Reason.CAR_CHANGED

    # Only terms; then the deal is lost, and none of them changes any more.
    await sales.scenarios.use(sales.scenarios.named("Only terms"))
    terms = await both.agree(lambda deal: on_the_deal(deal) == ["Only terms"])
    assert terms.structure["fees_cents"] == 777_00 and terms.selected_outdated
    await sales.desk.act(Action.LOSE, Reason.NOT_READY)
    await asyncio.gather(
        *(seen(deal, lambda state: state.state is DealState.LOST) for deal in (sales, manager))
    )
    for doing in (
        sales.scenarios.add(),
        sales.scenarios.change(now, name="Late"),
        sales.scenarios.remove(cash),
        sales.scenarios.use(sales.scenarios.named("Only terms")),
    ):
        over = await refused(doing)
        assert (over.code, over.detail["field"]) == (ErrorCode.CONFLICT, "state")
