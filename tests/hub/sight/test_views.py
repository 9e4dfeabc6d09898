"""What a view hides appears in no message of any type, at any depth."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from protocol import codec
from protocol.deal.agreed import AgreedFigures, Proposal
from protocol.deal.deal_parts import (
    Approval,
    DealNote,
    DealOffer,
    DealTask,
    FieldLock,
    LenderTerms,
    VehicleHold,
)
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import Structure
from protocol.deal.workflow import Fulfilment, LenderStatus, TaskKind
from protocol.events import MATCH_COLUMNS, OFFER_COLUMNS
from protocol.records import Actor, DealState, Filters, Role, Sort, View
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import CustomerRecord, Deal
from server.database.deals.story import Told
from server.hub.channels.live_deal import HeldDeal
from server.hub.joining.snapshot import snapshot_of, snapshot_rows
from server.hub.sight import asking, views, visible
from server.hub.sight.sight import Sight
from server.log.channel_log import Entry
from server.log.search_log import Chunk, SearchState
from tests.hub.sight.hidden import (
    CHANNEL,
    HIDDEN,
    SIGHTS,
    any_sight,
    assert_nothing_hidden,
    contracts,
    logged_events,
    structures,
)
from tests.protocol.strategies import values_of


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
    scenarios=st.lists(values_of(Scenario), max_size=2),
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


def test_views_are_capped_by_role() -> None:
    """Nobody sees more than the role allows; less is a choice."""
    capped = {(role, view): asking.capped_view(view, role) for role in Role for view in View}
    for (role, asked), got in capped.items():
        expected = View.SALES if role is Role.SALESPERSON and asked is View.MANAGER else asked
        assert got is (View.CUSTOMER if role is Role.CUSTOMER else expected)


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


@pytest.mark.parametrize(
    ("view", "shown"), [(View.SALES, {"version", "from", "to", "by"}), (View.CUSTOMER, {"version"})]
)
def test_customers_are_not_told_who_sells(view: View, shown: set[str]) -> None:
    """Nor is a salesperson whether the other may give away as much."""
    people = {"from": {"id": "a"}, "to": {"id": "b"}, "by": {"id": "c"}}
    event = {
        "type": "deal_assigned",
        "channel": CHANNEL,
        "at": "t",
        "version": 4,
        "same_results": True,
    } | people
    sent = codec.decode(views.project_event(Entry("e", 9, codec.encode(event)), Sight(view)))
    assert set(sent) == {"seq", "type", "channel", "at"} | shown


def test_every_hidden_name_is_tried() -> None:
    """Every column and structure field that some view lacks is among the names looked for."""
    for view in (View.SALES, View.CUSTOMER):
        missing = (set(MATCH_COLUMNS) | set(OFFER_COLUMNS)) - visible.COLUMNS[view]
        missing |= visible.STRUCTURE_FIELDS[View.MANAGER] - visible.STRUCTURE_FIELDS[view]
        assert missing <= HIDDEN[view]


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
