"""A deal held in memory: it follows its events, in whatever order they come, or counts as unknown."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import Structure
from protocol.deal.workflow import LenderStatus
from protocol.records import Actor, DealState, Role, Scope
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import CustomerRecord, Deal
from server.database.deals.story import Told, kept_story
from server.database.decisions.deciding import DealEvent
from server.hub.channels.live_deal import HeldDeal, LiveDeal
from server.log.channel_log import Entry

ANN = Actor(id="u1", name="Ann", role=Role.SALESPERSON)
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
LAST = 6
CHANNEL = "deal:d1"


def deal_at(no: int) -> HeldDeal:
    """Return the deal of these tests as Postgres would hold it after ``no`` decisions."""
    held = HeldDeal.of(
        Deal(
            id="d1",
            store_id="riverside",
            group_id="g",
            state=DealState.WORKING,
            version=0,
            last_no=0,
            structure=Structure(),
            salesperson=ANN,
            customer=CustomerRecord("c1", "Cy", "OH", 5_000_00, 0, 700),
            standard_markup_bp=150.0,
            npv_floor_cents=0,
        ),
        DealParts(0, None, False, [], [], [], [], [], None, None),
    )
    for each in range(1, no + 1):
        event = decision(each)
        told = {"type": event.kind, "channel": CHANNEL, "seq": 1, "at": NOW, **event.body}
        body = codec.encode(told)
        held = held.after(each, next(codec.decode_messages(body)), body)  # type: ignore[arg-type]
    return held


def decision(no: int) -> DealEvent:
    """Return the decision of a number: edits, and a note that leaves the version as it is."""
    if no == 3:
        body: dict[str, Any] = {"id": "n1", "text": "Calls back.", "by": codec.plain(ANN)}
        return DealEvent(no, "note_added", body, NOW)
    version = no if no < 3 else no - 1
    changes = {"cash_down_cents": no * 100}
    return DealEvent(
        no, "deal_changed", {"version": version, "changes": changes, "by": codec.plain(ANN)}, NOW
    )


def entry(no: int, seq: int | None = None) -> Entry:
    """Return a decision as the log tells it."""
    event = decision(no)
    body = {"type": event.kind, "channel": CHANNEL, "at": NOW, **event.body}
    return Entry("e", no if seq is None else seq, codec.encode(body), no)


def held_at(no: int) -> LiveDeal:
    """Return a session's deal that was read after ``no`` decisions."""
    live = LiveDeal()
    live.read(live.begin(), deal_at(no))
    return live


def test_a_deal_is_unknown_until_it_is_read() -> None:
    """Events of before change nothing: what is read later holds them."""
    live = LiveDeal()
    live.heard(entry(1))
    assert live.known is None
    live.read(live.begin(), deal_at(1))
    assert live.known == deal_at(1)


def test_a_deal_follows_its_events() -> None:
    """Each once; what is told twice, or was read already, changes nothing; what nobody decided neither."""
    live = held_at(2)
    for no in (1, 2, 3, 3, 4):
        live.heard(entry(no))
    live.heard(Entry("e", 9, b'{"type":"search_ended"}'))
    assert live.known == deal_at(4)
    assert [note.id for note in live.known.whole.notes] == ["n1"]  # type: ignore[union-attr]


def test_events_that_come_while_it_is_read() -> None:
    """What was read may be older than they are."""
    live = LiveDeal()
    began = live.begin()
    live.heard(entry(3))
    live.heard(entry(4))
    live.read(began, deal_at(2))
    assert live.known == deal_at(4)


def test_a_deal_that_misses_an_event_is_unknown() -> None:
    """Until it is read again, at that event or behind it."""
    live = held_at(2)
    live.heard(entry(5))
    assert live.known is None
    live.read(live.begin(), deal_at(4))
    assert live.known is None
    live.read(live.begin(), deal_at(5))
    assert live.known == deal_at(5)


def test_what_is_forgotten_while_it_is_read_is_not_kept() -> None:
    """The customer may have changed behind the reading."""
    live = held_at(2)
    began = live.begin()
    live.forget()
    live.read(began, deal_at(2))
    assert live.known is None


def test_a_deal_that_was_assigned_is_read_again() -> None:
    """What its new salesperson may give away is in no event; a reading from before does not count."""
    live = held_at(2)
    people = {"from": codec.plain(ANN), "to": codec.plain(ANN), "by": codec.plain(ANN)}
    body = {"type": "deal_assigned", "channel": CHANNEL, "at": NOW, "version": 3, "same_results": False}
    began = live.begin()
    live.heard(Entry("e", 3, codec.encode(body | people), 3))
    live.read(began, deal_at(2))
    assert live.known is None
    live.read(live.begin(), deal_at(3))
    assert live.known == deal_at(3)


def test_a_reading_that_fails_leaves_what_was_known() -> None:
    """Events that came meanwhile are applied all the same."""
    live = held_at(2)
    began = live.begin()
    live.heard(entry(3))
    live.read(began, None)
    assert live.known == deal_at(3)


def test_an_event_that_nobody_knows_has_the_deal_read_again() -> None:
    """A newer release decided something that this one has no name for, or no fields."""
    for body in (b'{"type":"deal_painted","at":"2026-11-28T12:00:00Z"}', b'{"type":"deal_changed"}'):
        live = held_at(2)
        live.heard(Entry("e", 3, body, 3))
        assert live.known is None


def scope_changed(no: int, scope: Scope) -> Entry:
    """Return the decision, as the log tells it, that the deal searches its store or its group."""
    body = {"type": "deal_changed", "channel": CHANNEL, "at": NOW, "version": no, "changes": {"scope": scope}}
    return Entry("e", no, codec.encode(body | {"by": codec.plain(ANN)}), no)


def searched(version: int) -> Entry:
    """Return the announcement of a search with the deal of a version."""
    body = {"type": "search_started", "channel": CHANNEL, "deal_version": version}
    return Entry("e", 9, codec.encode(body), 0)


def test_a_deal_shows_its_own_store_since_it_was_searched_so() -> None:
    """What was found in the group stays on the screen until the next search is announced."""
    live = held_at(0)
    assert not live.shows_own_store
    live.heard(searched(0))
    assert live.shows_own_store == (Structure().scope is Scope.STORE)
    live.heard(scope_changed(1, Scope.GROUP))
    live.heard(searched(1))
    assert not live.shows_own_store
    live.heard(scope_changed(2, Scope.STORE))
    assert not live.shows_own_store
    live.heard(searched(1))
    assert not live.shows_own_store
    live.heard(searched(2))
    assert live.shows_own_store


def test_what_may_be_shown_of_other_stores() -> None:
    """Not known: a deal that was forgotten, read again with newer terms, or searched with terms to come."""
    live = held_at(2)
    live.heard(searched(2))
    assert live.shows_own_store
    live.forget()
    assert not live.shows_own_store
    live.read(live.begin(), deal_at(4))
    assert not live.shows_own_store
    live.heard(searched(9))
    assert not live.shows_own_store


@given(
    st.integers(0, LAST),
    st.lists(st.tuples(st.sampled_from(["log", "own", "read", "forget"]), st.integers(1, LAST)), max_size=30),
)
def test_a_deal_is_never_wrong(first: int, doings: list[tuple[str, int]]) -> None:
    """Whatever is told in whatever order: what is known is what Postgres holds at that number, and no older
    than what this process decided or was told of.
    """
    live, least = held_at(first), 0
    for doing, no in doings:
        if doing == "log":
            live.heard(entry(no))
        elif doing == "own":
            live.decided(CHANNEL, [decision(no)])
            least = max(least, no)
        elif doing == "read":
            live.read(live.begin(), deal_at(no))
        else:
            live.forget()
        known = live.known
        if known is not None:
            assert known == deal_at(known.deal.last_no)
            assert known.deal.last_no >= least


def test_an_approval_of_a_lender_ends_by_the_clock() -> None:
    """Nobody tells that it expires: whoever computes asks for the deal at a time."""
    terms = LenderTerms(
        decision_id="l1",
        lender="First Bank",
        status=LenderStatus.APPROVED,
        tier=None,
        rate_bp=600.0,
        advance_max_cents=1,
        term_months=60,
        stipulations=[],
        expires_at=NOW + HOUR,
        reasons=[],
    )
    body = {"version": 1, "decision": codec.plain(terms), "by": codec.plain(ANN)}
    live = held_at(0)
    live.decided(CHANNEL, [DealEvent(1, "lender_decided", body, NOW)])
    held = live.known
    assert held is not None
    assert [each.lender for each in held.at(NOW).live_lenders] == ["First Bank"]
    assert held.at(NOW + 2 * HOUR).live_lenders == ()


def test_a_deal_in_memory_has_its_story() -> None:
    """Each event once, in order, as it was told; whoever opens the deal sees it without asking Postgres."""
    live = held_at(2)
    for no in range(1, LAST + 1):
        live.heard(entry(no))
    assert live.known is not None
    assert [told.no for told in live.known.story] == list(range(1, LAST + 1))
    for told in live.known.story:
        event = decision(told.no)
        fields = codec.decode(told.body)
        assert (fields["type"], fields["by"]) == (event.kind, event.body["by"])


def test_a_story_is_bounded() -> None:
    """In events and in bytes: the latest ones stay."""
    told = [Told(no, b"x" * 1_000) for no in range(1, 101)]
    assert [each.no for each in kept_story(told, size=10**6)] == list(range(51, 101))
    assert [each.no for each in kept_story(told, size=3_500)] == [98, 99, 100]
    assert kept_story(told, size=999) == ()
    assert kept_story([]) == ()
