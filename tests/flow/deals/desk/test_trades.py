"""Trades over real processes: who enters what of them, who sees it, and who is asked to appraise them."""

import pytest
from msgspec import UNSET

from protocol import codec
from protocol.closing import ErrorCode
from protocol.deal.structure import StructureChanges
from server.database.core.pool import connect_as_owner
from server.database.decisions.deciding import DealEvent
from server.hub.upkeep.relay import outdates_search
from tests.flow.deals.desk.trading import ACV_CENTS, CRV, OWED, offered, trade_of, trading, without_trades
from tests.flow.desk import Both, refused

pytestmark = pytest.mark.flow


async def test_a_trade_of_a_salesperson_leaves_the_offers_there(both: Both) -> None:
    """Nobody has appraised it: it counts as what is allowed for it, and no car is worth less than the store
    accepts because of it.
    """
    await without_trades(both)
    before = await offered(both)
    await both.sales.terms(trading({**CRV, "allowance_cents": 9_000_00, "payoff_cents": 9_000_00}))
    await both.caught_up()
    assert len(before) > 3
    assert await offered(both) >= before
    # As 0, the same trade would cost the store what it allows: no car is left.
    await both.manager.terms(trading({"id": "crv", "acv_cents": 0}))
    await both.caught_up()
    assert await offered(both) < before


async def test_a_salespersons_edit_keeps_the_cash_value_that_they_do_not_see(both: Both) -> None:
    """They see that there is one. Neither by trade nor by the flat field can they set or clear it."""
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "acv_cents": ACV_CENTS}))
    await both.agree(lambda deal: bool(deal.structure["trades"]))
    assert trade_of(both.sales)["appraised"] is True
    assert "acv_cents" not in trade_of(both.sales)
    await both.sales.terms(trading({"id": "crv", "allowance_cents": 6_000_00, **OWED}))
    await both.sales.terms(StructureChanges(payoff_per_diem_cents=2_33))
    await both.agree(lambda deal: deal.structure["payoff_per_diem_cents"] == 2_33)
    kept = trade_of(both.manager)
    assert (kept["acv_cents"], kept["allowance_cents"], kept["payoff_per_diem_cents"]) == (
        ACV_CENTS,
        600_000,
        233,
    )
    assert both.manager.state.structure["trade_acv_cents"] == ACV_CENTS
    for acv in (1, None):
        sly = await refused(both.sales.terms(trading({"id": "crv", "acv_cents": acv})))
        assert (sly.code, sly.detail["field"]) == (ErrorCode.FORBIDDEN, "trades.crv.acv_cents")
        sly = await refused(both.sales.quote(both.cars[0], trading({"id": "crv", "acv_cents": acv})))
        assert sly.code is ErrorCode.FORBIDDEN


async def test_a_salesperson_cannot_find_a_cash_value_by_leaving_the_trade_out(both: Both) -> None:
    """What a car is worth with the trade and without it would tell. The desk takes the trade out."""
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    await both.manager.terms(trading({"id": "crv", "acv_cents": ACV_CENTS}))
    await both.caught_up()
    out = trading({"id": "crv", "removed": True})
    for asked in (
        both.sales.terms(out),
        both.sales.quote(both.cars[0], out),
        both.sales.desk.select(both.cars[0], out),
        both.sales.desk.pin(both.cars[0], out),
    ):
        sly = await refused(asked)
        assert (sly.code, sly.detail["field"]) == (ErrorCode.FORBIDDEN, "trades.crv")
    assert (await both.manager.quote(both.cars[0], out)).trades is UNSET
    await both.manager.terms(out)
    await both.agree(lambda deal: deal.structure["trades"] == [])


async def test_edits_of_a_trade_merge_field_by_field(both: Both) -> None:
    """A salesperson types the payoff while the desk appraises: both count. The same field is a conflict,
    with its newer value, who and when; a trade that somebody took out cannot be edited any more.
    """
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    state = await both.agree(lambda deal: bool(deal.structure["trades"]))
    await both.manager.terms(trading({"id": "crv", "acv_cents": ACV_CENTS}), version=state.version)
    await both.sales.terms(trading({"id": "crv", **OWED}), version=state.version)
    await both.sales.terms(trading({"id": "ford", "make": "Ford"}), version=state.version)
    await both.caught_up()
    assert trade_of(both.manager)["acv_cents"] == ACV_CENTS
    assert trade_of(both.manager)["payoff_cents"] == OWED["payoff_cents"]
    assert [trade["id"] for trade in both.sales.state.structure["trades"]] == ["crv", "ford"]
    late = await refused(both.manager.terms(trading({"id": "crv", "payoff_cents": 1}), version=state.version))
    assert late.code is ErrorCode.CONFLICT
    assert late.detail["field"] == "trades.crv.payoff_cents"
    assert late.detail["value"] == OWED["payoff_cents"]
    assert late.detail["by"]["name"] == "Riverside sales"
    # What is there already is no conflict.
    await both.manager.terms(trading({"id": "crv", "lienholder": OWED["lienholder"]}), version=state.version)
    version = both.sales.state.version
    await both.manager.terms(trading({"id": "crv", "removed": True}))
    gone = await refused(both.sales.terms(trading({"id": "crv", "mileage": 5}), version=version))
    assert (gone.code, gone.detail["field"]) == (ErrorCode.CONFLICT, "trades.crv")


async def test_a_flat_field_of_two_trades_is_refused_by_its_name(both: Both) -> None:
    """A locked sum locks what it is made of."""
    await without_trades(both)
    await both.sales.terms(trading(CRV, {"id": "ford", "make": "Ford", "allowance_cents": 1_000_00}))
    unclear = await refused(both.sales.terms(StructureChanges(payoff_cents=1)))
    assert (unclear.code, unclear.detail["field"]) == (ErrorCode.INVALID, "payoff_cents")
    wrong = await refused(both.sales.terms(trading({"id": "ford", "vin": "1M8GDM9A1KP042788"})))
    assert (wrong.code, wrong.detail["field"]) == (ErrorCode.INVALID, "trades.ford.vin")
    await both.manager.desk.lock("trade_allowance_cents")
    await both.caught_up()
    locked = await refused(both.sales.terms(trading({"id": "ford", "allowance_cents": 2_000_00})))
    assert locked.code is ErrorCode.LOCKED
    await both.sales.terms(trading({"id": "ford", "payoff_cents": 500_00}))


async def test_an_offer_cannot_set_what_the_desk_locked(both: Both) -> None:
    """Neither through the records of trades nor through product lines, whose sums are locked; a locked list
    holds for its sums.
    """
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "allowance_cents": 1_000_00}))
    for field in ("trade_allowance_cents", "products"):
        await both.manager.desk.lock(field)
    await both.caught_up()
    asked = {
        "trade_allowance_cents": trading({"id": "crv", "allowance_cents": 2_000_00}),
        "products": StructureChanges(products_cents=500_00),
    }
    for field, changes in asked.items():
        for refusal in (
            both.sales.terms(changes),
            both.sales.desk.select(both.cars[0], changes),
            both.sales.desk.pin(both.cars[0], changes),
        ):
            locked = await refused(refusal)
            assert (locked.code, locked.detail["field"]) == (ErrorCode.LOCKED, field)
    await both.sales.desk.select(both.cars[0], trading({"id": "crv", "payoff_cents": 500_00}))


async def test_words_about_a_trade_search_nothing_again(both: Both) -> None:
    """Its make changes no figure; what it pays off does."""
    await without_trades(both)
    await both.sales.terms(trading(CRV))
    for edit in ({"make": "Acura"}, {"payoff_cents": 100_00}, {"payoff_quoted_on": "2026-03-02"}):
        await both.caught_up()
        await both.sales.terms(trading({"id": "crv", **edit}))
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT no, kind, body, at FROM deal_events WHERE deal_id::text = $1 ORDER BY no DESC LIMIT 3",
            both.sales.state.id,
        )
    quoted, owed, named = [DealEvent(*row.values()) for row in rows]
    assert [outdates_search(event) for event in (named, owed, quoted)] == [False, True, True]


async def test_what_is_said_of_a_trade_is_in_the_audit(both: Both) -> None:
    """The events hold each list as it became, the cash value too."""
    await without_trades(both)
    await both.manager.terms(trading({**CRV, "acv_cents": ACV_CENTS}))
    async with connect_as_owner(both.settings.database_owner_url) as owner:
        body = await owner.fetchval(
            "SELECT body->'changes' FROM deal_events WHERE deal_id::text = $1 AND kind = 'deal_changed'"
            " ORDER BY no DESC LIMIT 1",
            both.sales.state.id,
        )
    assert body["trades"][0]["acv_cents"] == body["trade_acv_cents"] == ACV_CENTS


async def test_a_quote_says_what_each_trade_brings(both: Both) -> None:
    """Its allowance, its payoff on the contract date, and the equity that is left."""
    await without_trades(both)
    owed = {**OWED, "payoff_quoted_on": "2026-03-02", "payoff_per_diem_cents": 2_00}
    terms = {"contract_date": "2026-03-12", "first_payment_date": "2026-04-12"}
    await both.sales.terms(codec.convert(StructureChanges, terms))
    await both.sales.terms(trading({**CRV, **owed, "allowance_cents": 15_000_00}))
    await both.caught_up()
    quote = await both.sales.quote(both.cars[0])
    assert codec.plain(quote.trades) == [
        {
            "id": "crv",
            "allowance_cents": 15_000_00,
            "payoff_cents": 13_876_00,
            "equity_cents": 1_124_00,
        }
    ]
    assert quote.payoff_cents == 13_876_00
