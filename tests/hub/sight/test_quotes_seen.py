"""What views hide of quotes, frontiers and figures, and what they may not set."""

from typing import Any

import pytest
from hypothesis import given
from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import Structure, StructureChanges
from protocol.money.quotes import FrontierPoint, FrontierReply, LenderRules, QuoteReply
from protocol.records import DealKind, View
from server.hub.sight import asking, rows_seen, views, visible
from server.hub.sight.parts_seen import project_structure
from server.hub.sight.sight import Sight, coarse_npv
from server.log.channel_log import Entry
from tests.hub.sight.hidden import (
    CHANNEL,
    HIDDEN,
    STANDARD,
    any_sight,
    any_view,
    assert_nothing_hidden,
    structures,
)
from tests.protocol.strategies import values_of

OVER_AUTHORITY = {"code": "discount_over_authority", "message": "The seller may give $500."}


@given(values_of(QuoteReply), structures, any_sight)
def test_quotes_show_nothing_hidden(quote: QuoteReply, structure: Structure, sight: Sight) -> None:
    """The same holds of a quote, also of what a roll would change; a customer is told of no inner limit."""
    data, view = codec.plain(quote), sight.view
    data["warnings"].append(OVER_AUTHORITY)
    if "roll" in data:
        data["roll"]["changes"] = codec.plain(structure)
    if "value" in data:
        data["value"]["parts"] = {"front_gross": 5}
        data["value"]["monthly_cash_cents"] = {"collected": [5], "recovered": [0], "servicing": [4]}
    if "cash" in data:
        data["cash"]["value"] = {"npv_cents": 7, "parts": {"front_gross": 5, "product_gross": 2}}
    if "best" in data.get("lease", {}):
        data["lease"]["best"] |= {"buy_factor": 0.0011, "value": {"npv_cents": 7, "parts": {"reserve": 2}}}
    shown = assert_nothing_hidden(codec.encode(views.project_quote(data, sight)), sight)
    assert shown["pencil_id"] == quote.pencil_id
    assert shown["grid"]["payment_cents"] == quote.grid.payment_cents
    if "cash" in data:
        assert shown["cash"]["out_the_door_cents"] == data["cash"]["out_the_door_cents"]
        assert ("value" in shown["cash"]) is (view is View.MANAGER)
    if "best" in data.get("lease", {}):
        assert shown["lease"]["best"]["due_at_signing_cents"] == data["lease"]["best"]["due_at_signing_cents"]
        assert ("value" in shown["lease"]["best"]) is (view is View.MANAGER)
    assert (OVER_AUTHORITY in shown["warnings"]) is (view is not View.CUSTOMER)
    if view is View.MANAGER:
        assert shown == codec.decode(codec.encode(data))
    if sight == Sight(View.SALES) and "value" in data:
        npv = data["value"].get("npv_cents")
        assert shown["value"].get("npv_cents") == (None if npv is None else coarse_npv(npv))


@given(values_of(FrontierReply), any_sight)
def test_frontiers_show_nothing_hidden(reply: FrontierReply, sight: Sight) -> None:
    """Every view gets every point, with what it may see of it; whoever sees stress is told of reversals."""
    view = sight.view
    shown = assert_nothing_hidden(codec.encode(views.project_frontier(codec.plain(reply), sight)), sight)
    assert [point["payment_cents"] for point in shown["points"]] == [
        point.payment_cents for point in reply.points
    ]
    assert len(shown["bands"]) == len(reply.bands)
    if view is not View.CUSTOMER:
        assert shown.get("reversals", UNSET) == reply.reversals
        assert [point.get("passed_by", UNSET) for point in shown["points"]] == [
            point.passed_by for point in reply.points
        ]


def test_every_field_of_a_quote_is_decided() -> None:
    """A salesperson sees all but the parts of the value; what a customer does not see is named here."""
    fields = set(QuoteReply.__struct_fields__)
    assert set(visible.QUOTE_FIELDS[View.SALES]) == fields
    assert fields - set(visible.QUOTE_FIELDS[View.CUSTOMER]) == {
        "lender", "programme_id", "stipulations", "value", "binding", "fix", "lender_rules",
        "over_cents", "over_lender",
    }  # fmt: skip


def test_what_the_store_earns_of_a_row_is_the_desks() -> None:
    """A salesperson sees a row's rules without its buy side; a customer sees neither, nor whose offers the
    two of rate or rebate are.
    """
    assert set(LenderRules.__struct_fields__) - set(visible.RULE_FIELDS) == {
        "buy_rate_bp", "markup_max_bp", "reserve_max_cents",
    }  # fmt: skip
    point = {name: 1 for name in FrontierPoint.__struct_fields__ if name != "score"}
    rules = dict.fromkeys(LenderRules.__struct_fields__, 1)
    quote = {"grid": {}, "warnings": [], "lender_rules": rules, "rate_or_rebate": [point, point]}
    sales = views.project_quote(dict(quote), Sight(View.SALES))
    assert set(sales["lender_rules"]) == set(visible.RULE_FIELDS)
    customer = views.project_quote(dict(quote), Sight(View.CUSTOMER))
    assert "lender_rules" not in customer
    assert not {"programme_id", "lender", "npv_cents", "stress_npv_cents"} & set(
        customer["rate_or_rebate"][0]
    )
    assert views.project_quote(dict(quote), Sight(View.MANAGER)) == quote


@given(values_of(StructureChanges), any_view)
def test_a_field_that_is_hidden_cannot_be_set(changes: StructureChanges, view: View) -> None:
    """What a view may change is what it shows; rates, prices and rebates of the deal's own are the desk's."""
    refused = set(asking.unsettable_fields(changes, view))
    desks = {name for name, value in changes.items() if name in STANDARD and value != STANDARD[name]}
    hidden = {name for name, _ in changes.items()} & HIDDEN[view]
    appraised = [] if changes.trades is UNSET else changes.trades
    desks |= {f"trades.{each.id}.acv_cents" for each in appraised if each.acv_cents is not UNSET}
    assert refused == hidden | (set() if view is View.MANAGER else desks)


TRADE: dict[str, Any] = {"id": "a", "make": "Honda", "allowance_cents": 5, "payoff_cents": 3}


@pytest.mark.parametrize(("acv", "appraised"), [(4_444, True), (0, True), (None, False)])
def test_the_cash_value_of_a_trade_is_the_desks(acv: int | None, appraised: bool) -> None:
    """Salespeople see whether there is one, customers not even that; in events and offers alike."""
    changes = {"trades": [{**TRADE, "acv_cents": acv}], "trade_acv_cents": acv}
    seen = {view: project_structure(changes, view) for view in View}
    assert seen[View.SALES] == {"trades": [{**TRADE, "appraised": appraised}]}
    assert seen[View.CUSTOMER] == {"trades": [TRADE]}
    event = {"type": "deal_changed", "channel": CHANNEL, "at": "t", "version": 4, "changes": changes}
    for view in View:
        sent = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(view)))
        assert sent["changes"] == (changes if view is View.MANAGER else seen[view])
    # Of what a quote asked, only what was asked.
    asked = {"trades": [{"id": "a", "allowance_cents": 5}]}
    assert project_structure(asked, View.SALES) == asked


def test_a_refused_trade_names_its_field_to_customers_too() -> None:
    """It stands on their screen."""
    error = CommandError(ErrorCode.INVALID, "no", field="trades.a.vin", expected="expected a valid VIN")
    assert asking.project_error(error, View.CUSTOMER).detail == error.detail


def test_the_standard_is_open_to_all() -> None:
    """Who may not state a rate, a price or a rebate may go back to the programme's and the car's own."""
    changes = StructureChanges(rate_bp=None, rate_reason=None, price_cents=None, rebate_cents=0)
    assert asking.unsettable_fields(changes, View.SALES) == []
    refused = asking.unsettable_fields(StructureChanges(price_cents=0, rebate_cents=1), View.SALES)
    assert refused == ["price_cents", "rebate_cents"]


@pytest.mark.parametrize("kind", [DealKind.CASH, DealKind.LEASE])
def test_only_the_desk_sees_what_a_deal_without_a_loan_is_worth(kind: DealKind) -> None:
    """Its value is the gross: a salesperson sees it neither in rows nor on the wall. Financed cars keep
    their NPV.
    """
    rows = {
        "vehicle_id": ["1", "2", "3"],
        "rev": [1, 1, 1],
        "kind": [kind, DealKind.FINANCE, None],
        "npv_cents": [123_456, 200_000, None],
        "stress_npv_cents": [123_456, 190_000, None],
    }
    seen = rows_seen.project_rows(rows, Sight(View.SALES))
    assert seen["npv_cents"] == [None, 200_000, None] and seen["stress_npv_cents"] == [None, 190_000, None]
    assert rows_seen.project_rows(rows, Sight(View.MANAGER)) == rows
    summary = {"deal_id": "1", "kind": kind, "npv_cents": 123_456, "out_the_door_cents": 2_000_000}
    assert views.project_summary(summary, Sight(View.SALES)) == {
        "deal_id": "1",
        "kind": kind,
        "npv_cents": None,
        "out_the_door_cents": 2_000_000,
    }
    assert views.project_summary(summary, Sight(View.MANAGER)) == summary
    financed = {"deal_id": "1", "kind": "finance", "npv_cents": 120_000}
    assert views.project_summary(financed, Sight(View.SALES)) == financed
