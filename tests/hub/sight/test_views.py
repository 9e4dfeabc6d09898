"""What a view hides appears in no message of any type, at any depth."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import AgreedFigures, Contract, Proposal
from protocol.deal.deal_parts import (
    Approval,
    DealNote,
    DealOffer,
    DealTask,
    FieldLock,
    LenderTerms,
    VehicleHold,
)
from protocol.deal.structure import Structure, StructureChanges
from protocol.deal.workflow import Fulfilment, LenderStatus, TaskKind
from protocol.events import EVENT_TYPES, MATCH_COLUMNS, OFFER_COLUMNS, Event
from protocol.money.quotes import FrontierPoint, FrontierReply, LenderRules, QuoteReply
from protocol.records import Actor, DealKind, DealState, Filters, Role, Sort, View
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import CustomerRecord, Deal
from server.database.deals.story import Told
from server.hub.channels.live_deal import HeldDeal
from server.hub.joining.snapshot import snapshot_of, snapshot_rows
from server.hub.sight import asking, rows_seen, views, visible
from server.hub.sight.sight import Sight, coarse_npv
from server.log.channel_log import Entry
from server.log.search_log import Chunk, SearchState
from tests.protocol.strategies import values_of

CHANNEL = "deal:1"
STANDARD = {"rate_bp": None, "rate_reason": None, "price_cents": None, "rebate_cents": 0}
"""What only the desk sets, with the value that everybody may go back to."""
NOT_FOR_SALES = {
    "cost_cents", "gross_cents", "front_gross_cents", "buy_rate_bp", "reserve_cents", "npv_parts", "parts",
    "trade_acv_cents", "products_cost_cents", "invoice_cents", "recon_cents", "holdback_cents",
    "dealer_cash_cents", "transfer_cost_cents", "monthly_cash_cents", "acv_cents", "buy_factor",
    "lease_value_cents", "chargebacks_cents",
}  # fmt: skip
NOT_FOR_CUSTOMERS = NOT_FOR_SALES | {
    "npv_cents", "stress_npv_cents", "lender", "binding", "fix", "frontier", "tier", "tier_source", "trace",
    "rejected", "rate_reason", "programme_id", "stipulations", "value", "cash_down_max_cents",
    "days_in_stock", "transfer_days", "monthly_income_cents", "passed_by", "reversals", "notes", "tasks",
    "locks", "holds", "approval", "lenders", "lender_status", "decision", "stipulation_id", "salesperson",
    "reasons", "more_reasons", "held_by", "held_until", "wanted_by", "npv_history", "task", "task_id",
    "proposal", "signed_by", "score", "by", "days_in_stock_min", "appraised", "covered", "money_factor",
    "lease_lender",
}  # fmt: skip
HIDDEN = {View.MANAGER: set[str](), View.SALES: NOT_FOR_SALES, View.CUSTOMER: NOT_FOR_CUSTOMERS}
WITH_SCORES = Sight(View.SALES, (0, 50_000, 100_000, 200_000))
NOT_BESIDE_SCORES = NOT_FOR_SALES | {"npv_cents", "stress_npv_cents", "npv_history", "frontier"}
SIGHTS = {**{Sight(view): names for view, names in HIDDEN.items()}, WITH_SCORES: NOT_BESIDE_SCORES}
COLUMNS = [*MATCH_COLUMNS, *OFFER_COLUMNS, *sorted(NOT_FOR_CUSTOMERS)]

any_view = st.sampled_from(list(View))
any_sight = st.sampled_from(list(SIGHTS))
structures = values_of(Structure)


def names_in(value: Any) -> Iterator[str]:
    """Yield every field name in plain JSON, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def assert_nothing_hidden(message: bytes, sight: Sight) -> dict[str, Any]:
    decoded: dict[str, Any] = codec.decode(message)
    assert not SIGHTS[sight] & set(names_in(decoded))
    return decoded


def a_paper() -> dict[str, Any]:
    """Return a stored pencil with everything that some view hides."""
    value = {"npv_cents": 1, "stress_npv_cents": 1, "parts": {"reserve": 1}, "monthly_cash_cents": {}}
    secrets = dict.fromkeys(NOT_FOR_CUSTOMERS - {"value"}, 1)
    inside = {"products": [secrets], "cash": secrets, "lease": {"best": secrets, **secrets}}
    return {"payment_cents": 1, "value": value, **secrets, **inside}


def contracts() -> st.SearchStrategy[Contract]:
    """Draw contracts with such a pencil."""
    return values_of(Contract).map(lambda drawn: replace(drawn, quote=a_paper()))


@st.composite
def logged_events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an event in full, with every field that any view hides, also some that events do not have yet."""
    kind: type[Event] = draw(st.sampled_from(EVENT_TYPES))
    event = codec.plain(draw(values_of(kind)))
    del event["seq"]
    if "columns" in event:
        event["rows"] = 2
        event["columns"] = {name: [1, 2] for name in COLUMNS}
    for name in {"offer", "decision", "task", "approval"} & set(event):
        if event[name] is not None:
            event[name] |= dict.fromkeys(NOT_FOR_SALES, 1)
    if "proposal" in event:
        event["proposal"]["offer"] |= dict.fromkeys(NOT_FOR_SALES, 1)
        own = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
        event["proposal"]["offer"]["changes"] = own
    if "contract" in event:
        event["contract"]["quote"] = a_paper()
    if "before" in event:
        event["before"] = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
    if "changes" in event:
        event["changes"] = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
    others = sorted(NOT_FOR_CUSTOMERS - {"decision", "approval", "proposal", "task"})
    return {**event, **dict.fromkeys(draw(st.sets(st.sampled_from(others))), 1)}


@given(logged_events(), any_sight)
def test_events_show_nothing_hidden(event: dict[str, Any], sight: Sight) -> None:
    """Whatever an event holds, a view gets the fields it lists, and every view the same envelope."""
    sent = assert_nothing_hidden(views.project_event(Entry("e", 7, codec.encode(event)), sight), sight)
    assert sent["seq"] == 7
    assert {name: sent[name] for name in ("type", "channel", "at")} == {
        name: event[name] for name in ("type", "channel", "at")
    }


@given(logged_events())
def test_managers_see_the_log_as_it_is(event: dict[str, Any]) -> None:
    """The manager's view is the logged event with its seq."""
    body = codec.encode(event)
    assert codec.decode(views.project_event(Entry("e", 3, body), Sight(View.MANAGER))) == {**event, "seq": 3}


def test_an_event_with_nothing_visible_keeps_its_envelope() -> None:
    """No event is withheld: a view's seq has no gap."""
    event = {"type": "deal_changed", "channel": CHANNEL, "at": "t", "version": 4,
             "changes": {"trade_acv_cents": 5}, "by": {"id": "u"}}  # fmt: skip
    sent = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(View.SALES)))
    assert sent == {**event, "seq": 9, "changes": {}}


def test_an_event_of_a_kind_to_come_is_an_envelope_in_narrow_views() -> None:
    """What nobody has listed yet is shown to managers only."""
    event = {"type": "cost_recalculated", "channel": CHANNEL, "at": "t", "cost_cents": 5}
    sent = codec.decode(views.project_event(Entry("e", 2, codec.encode(event)), Sight(View.SALES)))
    assert sent == {"type": "cost_recalculated", "channel": CHANNEL, "at": "t", "seq": 2}


def a_deal(structure: Structure) -> Deal:
    return Deal(
        id="1",
        store_id="riverside",
        group_id="group",
        state=DealState.WORKING,
        version=3,
        last_no=5,
        structure=structure,
        salesperson=Actor(id="u1", name="Bo", role=Role.SALESPERSON),
        customer=CustomerRecord("c1", "Ann", "OH", 500_000, 0, 701),
        standard_markup_bp=100.0,
        npv_floor_cents=0,
        lenders=(LENDER,),
    )


LENDER = LenderTerms(decision_id="d1", lender="Bank", status=LenderStatus.APPROVED, rate_bp=512.25)


def a_story(events: list[dict[str, Any]]) -> tuple[Told, ...]:
    """Return events as a deal's story."""
    return tuple(Told(no, codec.encode(event)) for no, event in enumerate(events, 1))


all_parts = st.builds(
    DealParts,
    last_no=st.just(5),
    selected=st.none() | values_of(DealOffer),
    pins=st.lists(values_of(DealOffer), max_size=2),
    locks=st.lists(values_of(FieldLock), max_size=2),
    holds=st.lists(values_of(VehicleHold), max_size=2),
    notes=st.lists(values_of(DealNote), max_size=2),
    tasks=st.lists(values_of(DealTask), max_size=2),
    approval=st.none() | values_of(Approval),
    fulfilment=st.none() | st.sampled_from(Fulfilment),
    agreed=st.none() | values_of(AgreedFigures),
    proposal=st.none() | values_of(Proposal),
    contract=st.none() | contracts(),
    story=st.lists(logged_events(), max_size=3).map(a_story),
)


REJECTED = [{"limit": "mileage", "cars": 3, "fix": None}]
ACTOR = Actor(id="u1", name="Ann", role=Role.SALESPERSON)
SEARCH = SearchState(
    *("s1", Filters(days_in_stock_min=90), Sort.PRICE, 500, 3, ACTOR),
    rejected=REJECTED,
    trace={"db_total": 1.5},
)


@given(structures, all_parts, any_sight)
def test_snapshots_show_nothing_hidden(structure: Structure, parts: DealParts, sight: Sight) -> None:
    """The same holds of the snapshot; what remains is what the view's events would have told."""
    view = sight.view
    snapshot = codec.plain(snapshot_of(HeldDeal.of(a_deal(structure), parts), SEARCH, sight))
    sent = codec.encode(snapshot)
    shown = assert_nothing_hidden(sent, sight)["deal"]
    # A lender's rate is what it buys at: no salesperson sees it.
    assert (b"512.25" in sent) == (view is View.MANAGER)
    assert len(shown["pins"]) == len(parts.pins)
    assert set(shown["structure"]) == set(visible.STRUCTURE_FIELDS[view])
    assert shown["customer"]["name"] == "Ann"
    # What a lender scored them with, not what a deal of theirs scores.
    assert ("score" in shown["customer"]) == (view is View.MANAGER)


NO_PARTS = DealParts(
    last_no=5,
    selected=None,
    selected_outdated=False,
    pins=[],
    locks=[],
    holds=[],
    notes=[],
    tasks=[],
    approval=None,
    fulfilment=None,
)
CHANGES: dict[str, dict[str, Any]] = {
    "9": {"rev": 2, "status": "available", "price_cents": 1, "held_by": "Bo", "held_until": None}
}


class OneChunk:
    """A log that holds one chunk, with every column there may be."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk

    async def chunks(self, channel: str, search_id: str) -> AsyncIterator[Chunk]:
        yield self._chunk


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
async def test_rows_show_nothing_hidden(sight: Sight) -> None:
    """Rows of a snapshot have the view's columns; valued says which cars a worker has looked at."""
    matches = {name: [1, 2] for name in (*MATCH_COLUMNS, "gross_cents")}
    offers = {name: [1] for name in (*OFFER_COLUMNS, "reserve_cents")}
    log: Any = OneChunk(Chunk(0, matches, offers))
    rows, end = [
        assert_nothing_hidden(message, sight)
        async for message in snapshot_rows(log, CHANNEL, 5, "s1", sight, changes=CHANGES)
    ]
    assert (rows["type"], rows["ref"], rows["rows"], end["type"]) == ("snapshot_rows", 5, 2, "snapshot_end")
    value = {"npv_cents", "stress_npv_cents", "frontier"}
    expected = set(visible.COLUMNS[sight.view])
    assert set(rows["columns"]) == (expected if sight.score_edges is None else (expected - value) | {"score"})
    assert rows["columns"]["valued"] == [True, False]
    assert rows["columns"]["payment_cents"] == [1, None]


async def test_rows_are_cut_to_fit_a_message() -> None:
    """A part has at most 500 rows and 256 KiB, and the parts are numbered through."""
    wide = {name: [f"{row}" * 40 for row in range(1200)] for name in MATCH_COLUMNS}
    log: Any = OneChunk(Chunk(0, wide, None))
    *parts, _ = [
        message
        async for message in snapshot_rows(log, CHANNEL, 5, "s1", Sight(View.MANAGER), changes=CHANGES)
    ]
    decoded = [codec.decode(part) for part in parts]
    assert max(map(len, parts)) <= 256 * 1024
    assert max(part["rows"] for part in decoded) <= 500
    assert [part["part"] for part in decoded] == list(range(len(parts)))
    assert [cell for part in decoded for cell in part["columns"]["vin"]] == wide["vin"]


async def test_rows_given_up_are_neither_pending_nor_infeasible() -> None:
    """valued is null for a car that no worker could value."""
    log: Any = OneChunk(Chunk(0, {name: [1] for name in MATCH_COLUMNS}, None, failed=True))
    part, _ = [
        message async for message in snapshot_rows(log, CHANNEL, 5, "s1", Sight(View.SALES), changes=CHANGES)
    ]
    assert codec.decode(part)["columns"]["valued"] == [None]


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


def test_views_are_capped_by_role() -> None:
    """Nobody sees more than the role allows; less is a choice."""
    capped = {(role, view): asking.capped_view(view, role) for role in Role for view in View}
    for (role, asked), got in capped.items():
        expected = View.SALES if role is Role.SALESPERSON and asked is View.MANAGER else asked
        assert got is expected


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
    seen = {view: views.project_structure(changes, view) for view in View}
    assert seen[View.SALES] == {"trades": [{**TRADE, "appraised": appraised}]}
    assert seen[View.CUSTOMER] == {"trades": [TRADE]}
    event = {"type": "deal_changed", "channel": CHANNEL, "at": "t", "version": 4, "changes": changes}
    for view in View:
        sent = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(view)))
        assert sent["changes"] == (changes if view is View.MANAGER else seen[view])
    # Of what a quote asked, only what was asked.
    asked = {"trades": [{"id": "a", "allowance_cents": 5}]}
    assert views.project_structure(asked, View.SALES) == asked


@pytest.mark.parametrize("kind", TaskKind)
def test_salespeople_see_the_appraisals_that_they_requested(kind: TaskKind) -> None:
    """Of the desk's other tasks they see that the version moved."""
    task = {"id": "t1", "kind": kind.value, "reasons": [], "due_on": "2026-03-02", "done_by": None}
    raised = {
        "type": "task_raised",
        "channel": CHANNEL,
        "at": "t",
        "version": 4,
        "task": task,
        "by": {"id": "u"},
    }
    done = {
        "type": "task_done",
        "channel": CHANNEL,
        "at": "t",
        "version": 5,
        "task_id": "t1",
        "by": {"id": "u"},
    }
    for event in (raised, {**done, "kind": kind.value}):
        sent = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(View.SALES)))
        shown = kind is TaskKind.APPRAISAL
        assert ("by" in sent) is shown and ("task" in sent or "task_id" in sent) is shown
        assert sent["version"] == event["version"]
    # An older release did not say of which kind the task was.
    old = views.project_event(Entry("e", 9, codec.encode(done)), Sight(View.SALES))
    assert set(codec.decode(old)) == {"seq", "type", "channel", "at", "version"}


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


@pytest.mark.parametrize("sort", Sort)
def test_days_in_stock_order_nothing_for_customers(sort: Sort) -> None:
    """Their view may not ask for an order or a filter by what it hides, and is not told of another's."""
    by_age = sort in {Sort.DAYS_IN_STOCK, Sort.DAYS_IN_STOCK_DESC}
    aged = Filters(days_in_stock_min=60)
    assert asking.hidden_order(Filters(), sort, View.CUSTOMER) == ("sort" if by_age else None)
    assert asking.hidden_order(aged, Sort.PRICE, View.CUSTOMER) == "filters.days_in_stock_min"
    assert asking.hidden_order(Filters(days_in_stock_min=None), Sort.PRICE, View.CUSTOMER) is None
    for view in (View.SALES, View.MANAGER):
        assert asking.hidden_order(aged, sort, view) is None
    event = {"type": "search_started", "channel": CHANNEL, "at": "t", "sort": sort.value}
    state = SearchState("s1", Filters(), sort, 500, 3, ACTOR)
    for view in View:
        told = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(view)))
        held = HeldDeal.of(a_deal(Structure()), NO_PARTS)
        snapshot = snapshot_of(held, state, Sight(view)).search
        assert snapshot is not None
        expected = UNSET if by_age and view is View.CUSTOMER else sort
        assert (told.get("sort", UNSET), snapshot.sort) == (expected, expected)


def test_customers_get_rows_in_no_order_that_tells() -> None:
    """The order in which the stock is read may be that of its age: a customer's rows are by id."""
    columns = {"vehicle_id": ["12", "9", "10"], "price_cents": [1, 2, 3]}
    assert rows_seen.project_rows(columns, Sight(View.CUSTOMER)) == {
        "vehicle_id": ["10", "12", "9"],
        "price_cents": [3, 1, 2],
    }
    assert rows_seen.project_rows(columns, Sight(View.SALES)) == columns


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


def test_every_hidden_name_is_tried() -> None:
    """Every column and structure field that some view lacks is among the names looked for."""
    for view in (View.SALES, View.CUSTOMER):
        missing = (set(MATCH_COLUMNS) | set(OFFER_COLUMNS)) - visible.COLUMNS[view]
        missing |= visible.STRUCTURE_FIELDS[View.MANAGER] - visible.STRUCTURE_FIELDS[view]
        assert missing <= HIDDEN[view]
