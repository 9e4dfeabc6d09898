"""F&I products over real processes: lines, what they add, who sees what of them, and their catalogue."""

import asyncio
import uuid
from pathlib import Path

import pytest
from msgspec import UNSET

from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, LenderStatus, Reason
from protocol.events import FixKind
from protocol.records import DealState
from server.database.core.pool import connect_as_owner
from server.database.editions.products import load_catalogue
from server.database.importing import TableRejected
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.flow.deals.figures.catalogue import (
    CONTRACT,
    COSTS,
    FILE,
    GAP,
    HEADER,
    begins,
    import_catalogue,
    lines,
    shown,
    sums,
)
from tests.flow.desk import Both, is_valued, refused
from tests.flow.shop import events_until

pytestmark = pytest.mark.flow


async def test_lines_their_sums_and_what_each_view_sees(both: Both, tmp_path: Path) -> None:
    """The catalogue's price, tax and cost give the sums; the salesperson has no cost, in no reply."""
    await begins(both, tmp_path)
    catalogue = await both.sales.products()
    assert (catalogue.catalogue_version, [one.product_id for one in catalogue.products]) == (
        "c1",
        ["gap", "vsc", "wax"],
    )
    assert [(each.name, each.product_ids) for each in catalogue.packages] == [
        ("Better", ["gap", "vsc"]),
        ("Good", ["gap"]),
    ]
    assert all(one.cost_cents is UNSET and one.optional for one in catalogue.products)
    assert {one.cost_cents for one in (await both.manager.products()).products} == COSTS
    op = uuid.uuid4()
    version = await both.sales.terms(lines(GAP, CONTRACT, declined=["wax"]), op=op)
    assert await both.sales.terms(lines(GAP, CONTRACT, declined=["wax"]), op=op) == version
    await both.agree(lambda deal: deal.structure["declined_products"] == ["wax"])
    assert sums(both.manager) == [2_895_00, 2_000_00, 1_460_18]
    assert sums(both.sales) == [2_895_00, 2_000_00, UNSET]
    quote = await both.sales.quote(both.cars[0])
    assert (quote.versions.products, quote.eligible) == ("c1", True)
    assert [line.product_id for line in shown(quote.products)] == ["gap", "vsc"]
    for line in shown(quote.products):
        assert (line.cost_cents, line.gross_cents, line.chargebacks_cents) == (UNSET, UNSET, UNSET)
        rest = [one for one in (GAP, CONTRACT) if one["product_id"] != line.product_id]
        assert isinstance(quote.rate_bp, float) and isinstance(quote.programme_id, str)
        same = {
            "rate_bp": quote.rate_bp,
            "rate_reason": "competing_offer",
            "terms_months": [quote.term_months],
            "cash_down_cents": quote.cash_down_cents,
            "cash_down_max_cents": quote.cash_down_cents,
            "discount_cents": quote.discount_cents,
            "products": rest,
        }
        without = await both.manager.quote(
            both.cars[0], codec.convert(StructureChanges, same), programme_id=quote.programme_id
        )
        assert without.payment_cents == line.payment_without_cents
        assert line.adds_cents == quote.payment_cents - line.payment_without_cents
    theirs = shown((await both.manager.quote(both.cars[0])).products)
    assert [(line.cost_cents, line.gross_cents) for line in theirs] == [(310_07, 584_93), (1150_11, 849_89)]
    assert all(isinstance(line.chargebacks_cents, int) and line.chargebacks_cents > 0 for line in theirs)


async def test_choosing_a_package_sets_its_lines(both: Both, tmp_path: Path) -> None:
    """The payment that the menu says of it is that of the deal with it; "none" is one without products."""
    await begins(both, tmp_path)
    await both.sales.terms(lines())
    await both.caught_up()
    before = await both.sales.quote(both.cars[0])
    assert isinstance(before.menu, type(before.menu)) and before.menu is not UNSET
    menu = before.menu
    assert not isinstance(menu, type(UNSET))
    assert menu.payment_without_cents == before.payment_cents
    better = next(package for package in menu.packages if package.name == "Better")
    taken = [
        {"product_id": each.product_id, "price_cents": each.price_cents, "term_months": each.term_months}
        for each in better.lines
    ]
    await both.sales.terms(lines(*taken))
    await both.caught_up()
    after = await both.sales.quote(both.cars[0], programme_id=before.programme_id or None)
    assert not isinstance(after.menu, type(UNSET))
    assert [package.chosen for package in after.menu.packages] == [True, False]
    if (after.term_months, after.cash_down_cents) == (before.term_months, before.cash_down_cents):
        assert after.payment_cents == better.payment_cents


async def test_a_sum_or_an_unknown_product_is_refused_by_its_name(both: Both, tmp_path: Path) -> None:
    """Beside lines no sum is set, and each product is one of the catalogue in force."""
    await begins(both, tmp_path)
    await both.sales.terms(lines(GAP))
    await both.caught_up()
    for changes, field in (
        (StructureChanges(products_cents=1), "products_cents"),
        (StructureChanges(taxable_products_cents=1), "taxable_products_cents"),
        (lines({"product_id": "boat", "price_cents": 1}), "products"),
        (lines({"product_id": "gap", "price_cents": 1_790_01}), "products"),
        (lines(GAP, declined=["boat"]), "declined_products"),
        (lines(GAP, declined=["gap"]), "declined_products"),
    ):
        wrong = await refused(both.sales.terms(changes))
        assert (wrong.code, wrong.detail["field"]) == (ErrorCode.INVALID, field)
    cost = await refused(both.manager.terms(StructureChanges(products_cost_cents=1)))
    assert (cost.code, cost.detail["field"]) == (ErrorCode.INVALID, "products_cost_cents")
    asked = await refused(both.sales.quote(both.cars[0], lines({"product_id": "boat", "price_cents": 1})))
    assert (asked.code, asked.detail["field"]) == (ErrorCode.INVALID, "products")
    # Without lines the sum is stated as ever.
    await both.sales.terms(lines())
    await both.caught_up()
    await both.sales.terms(StructureChanges(products_cents=500_00))
    await both.agree(lambda deal: deal.structure["products_cents"] == 500_00)


async def test_what_no_lender_takes_is_named_with_the_way_out(both: Both, tmp_path: Path) -> None:
    """Every car is refused for it; the fix names the product."""
    await begins(both, tmp_path)
    await both.sales.terms(lines(GAP, {"product_id": "wax", "price_cents": 695_00}))
    # The customer cannot do without a lender.
    await both.sales.terms(StructureChanges(cash_down_max_cents=2_000_00))
    await both.caught_up()
    search = is_valued(await both.sales.search(limit=40))
    await asyncio.gather(events_until(both.sales, search), events_until(both.manager, search))
    offers = [row.offer for row in both.sales.rows.values()]
    assert not any(offer and offer["payment_cents"] for offer in offers)
    quote = await both.sales.quote(both.cars[0])
    assert quote.binding == "products"
    fix = quote.fix
    assert fix is not None and not isinstance(fix, type(UNSET))
    assert (fix.kind, fix.product_id, fix.product_price_cents) == (FixKind.PRODUCT, "wax", None)


async def test_a_declined_product_is_in_the_story_and_searches_nothing_again(
    both: Both, tmp_path: Path
) -> None:
    """Who declined it and when is an event of the deal; what is worth what stays as it was."""
    await begins(both, tmp_path)
    await both.sales.terms(lines(GAP))
    await both.caught_up()
    await both.sales.terms(StructureChanges(declined_products=["vsc"]))
    await both.caught_up()
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        body, user = await owner.fetchrow(
            "SELECT body, user_id FROM deal_events WHERE deal_id::text = $1 AND kind = 'deal_changed'"
            " ORDER BY no DESC LIMIT 1",
            both.sales.state.id,
        )
    assert body["changes"] == {"declined_products": ["vsc"]}
    assert body["same_results"] is True
    assert (body["by"]["id"], body["by"]["role"]) == (str(user), "salesperson")


async def test_two_people_at_the_lines_of_a_deal(both: Both, tmp_path: Path) -> None:
    """The later change is a conflict that names the lines; a lock of them holds for salespeople."""
    await begins(both, tmp_path)
    await both.caught_up()
    version = both.sales.state.version
    await both.manager.terms(lines(GAP))
    late = await refused(both.sales.terms(lines(CONTRACT), version=version))
    assert (late.code, late.detail["field"]) == (ErrorCode.CONFLICT, "products")
    await both.manager.desk.lock("products")
    locked = await refused(both.sales.terms(lines(CONTRACT)))
    assert (locked.code, locked.detail["field"]) == (ErrorCode.LOCKED, "products")


async def test_an_offer_cannot_set_a_sum_that_the_desk_locked(both: Both, tmp_path: Path) -> None:
    """Lines set the sum, also those that an offer is priced with."""
    await begins(both, tmp_path)
    await both.manager.desk.lock("products_cents")
    await both.caught_up()
    for asked in (both.sales.terms(lines(GAP)), both.sales.desk.select(both.cars[0], lines(GAP))):
        locked = await refused(asked)
        assert (locked.code, locked.detail["field"]) == (ErrorCode.LOCKED, "products_cents")


async def test_a_lender_decides_whatever_the_catalogue_has(both: Both, tmp_path: Path) -> None:
    """A product that is sold no longer leaves a structure without a price; the decision is a fact. The lines
    of a contract cannot even be changed.
    """
    await begins(both, tmp_path, days_ago=1)
    await both.sales.terms(lines(GAP))
    await both.caught_up()
    offer = await both.submitted()
    assert isinstance(offer.lender, str)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.lender_approves(offer)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    state = await both.agree(lambda deal: deal.state is DealState.SIGNED)
    await begins(both, tmp_path, FILE.replace("gap,gap", "gap-2,gap"), version="c2")
    effect = await both.manager.desk.lender_effect(offer.lender, LenderStatus.WITHDRAWN)
    assert effect.figures and effect.figures.new == effect.figures.old == state.agreed
    await both.manager.desk.lender_decision(offer.lender, LenderStatus.WITHDRAWN)
    after = await both.agree(lambda deal: not deal.lenders)
    assert (after.state, after.contract) == (DealState.SIGNED, state.contract)


async def test_pencils_with_lines_replay_after_a_new_catalogue(both: Both, tmp_path: Path) -> None:
    """What a quote was computed from is stored with it: prices, costs, taxes and lenders of then."""
    await begins(both, tmp_path)
    await both.manager.terms(lines(GAP, CONTRACT))
    await both.caught_up()
    before = [await both.manager.quote(car) for car in both.cars[:3]]
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        await owner.execute("UPDATE vehicles SET price_cents = price_cents + 12345")
        catalogue = await load_catalogue(owner, "c1")
        verified = await verify_pencils(owner)
    assert {product.cost_cents for product in catalogue.products} == COSTS
    assert verified.differences == []
    assert verified.equal >= len({quote.pencil_id for quote in before})


async def test_pencils_of_two_catalogues_replay_by_their_own(both: Both, tmp_path: Path) -> None:
    """The second edition sells the same products at another cost, and GAP earns otherwise."""
    await begins(both, tmp_path, days_ago=1)
    await both.manager.terms(lines(GAP, CONTRACT))
    await both.caught_up()
    car = both.cars[0]
    first = await both.manager.quote(car)
    dearer = FILE.replace("310.07", "410.09").replace("1150.11", "1450.77")
    await begins(both, tmp_path, dearer.replace("pro_rata", "rule_of_78"), version="c2")
    second = await both.manager.quote(car)
    assert [quote.versions.products for quote in (first, second)] == ["c1", "c2"]
    costs = [[line.cost_cents for line in shown(quote.products)] for quote in (first, second)]
    assert costs == [[310_07, 1150_11], [410_09, 1450_77]]
    assert first.value.npv_cents != second.value.npv_cents
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        verified = await verify_pencils(owner)
        pencils = [
            await owner.fetchval(
                "SELECT answer->'payment_cents' FROM pencils WHERE pencil_id::text = $1", quote.pencil_id
            )
            for quote in (first, second)
        ]
    assert verified.differences == []
    assert pencils == [first.payment_cents, second.payment_cents]


async def test_a_wrong_catalogue_stores_nothing(stocked: Settings, tmp_path: Path) -> None:
    """Each fault is told; so are more packages than a menu shows."""
    wrong = HEADER + "gap,boat,GAP,Lakeside,895,0,,,pro_rata,A = x,\ngap,gap,GAP,L,895,1,,,,,A; A\n"
    with pytest.raises(TableRejected) as caught:
        await import_catalogue(stocked, tmp_path, wrong)
    assert {fault.column for fault in caught.value.faults} >= {"kind", "cost", "lenders", "packages"}
    many = HEADER + "gap,gap,GAP,Lakeside,895,1,,,,,A; B; C; D; E\n"
    with pytest.raises(TableRejected, match="at most 4 packages"):
        await import_catalogue(stocked, tmp_path, many)
    async with connect_as_owner(stocked.database_owner_url) as owner:
        assert await owner.fetchval("SELECT count(*) FROM product_catalogues") == 1
