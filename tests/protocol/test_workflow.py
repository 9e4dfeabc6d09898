"""The machine of a deal's states, and what each event does to a deal."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import codec
from protocol.deal.deal_parts import DealNote
from protocol.deal.workflow import (
    CREDIT_REASONS,
    EDITABLE,
    STEPS,
    TRANSITIONS,
    Action,
    Closing,
    Fulfilment,
    Reason,
)
from protocol.deal_fold import KEPT_NOTES, KEPT_NOTES_BYTES, applied, kept_notes
from protocol.events import EVENT_TYPES, Customer, DealSnapshot, Event, NoteAdded
from protocol.records import Actor, DealState, Role, View
from protocol.rights import RIGHTS
from server.hub.sight.sight import Sight
from server.hub.sight.views import project_event
from server.log.channel_log import Entry
from tests.protocol.strategies import utc_times, values_of

ACTOR = Actor(id="u", name="Ann", role=Role.SALESPERSON)
DEAL = DealSnapshot(
    id="d",
    version=0,
    state=DealState.WORKING,
    customer=Customer(id="c", name="Lee"),
    structure={},
    locks=[],
    holds=[],
    notes=[],
    approval=None,
    lenders=[],
    tasks=[],
    agreed=None,
    proposal=None,
    contract=None,
)


def test_the_machine_is_the_protocols() -> None:
    """From where to where each action leads, as the wire protocol states it."""
    ways = {action: (set(way.sources), way.target) for action, way in TRANSITIONS.items()}
    working, submitted, countered = DealState.WORKING, DealState.SUBMITTED, DealState.COUNTERED
    approved, declined, signed, lost = (
        DealState.APPROVED,
        DealState.DECLINED,
        DealState.SIGNED,
        DealState.LOST,
    )
    assert ways == {
        Action.SUBMIT: ({working, countered}, submitted),
        Action.COUNTER: ({submitted}, countered),
        Action.APPROVE: ({submitted}, approved),
        Action.DECLINE: ({submitted}, declined),
        Action.REOPEN: ({countered, approved, declined, lost}, working),
        Action.SIGN: ({approved}, signed),
        Action.ACCEPT: ({countered}, submitted),
        Action.LOSE: ({working, submitted, countered, approved, declined}, lost),
    }
    assert set(EDITABLE) == {working, countered}


def test_every_state_can_be_left_but_signed() -> None:
    """No deal is stuck, and a signed one is final."""
    left = {source for way in TRANSITIONS.values() for source in way.sources}
    assert left == set(DealState) - {DealState.SIGNED}
    assert {step.target for step in STEPS.values()} == set(Fulfilment) - {Fulfilment.SIGNED}
    assert Fulfilment.FUNDED not in {source for step in STEPS.values() for source in step.sources}


def test_the_desk_decides() -> None:
    """Only managers counter, approve and decline; only who has the right of an action has its role."""
    for action in (Action.COUNTER, Action.APPROVE, Action.DECLINE):
        assert TRANSITIONS[action].roles == (Role.DESK_MANAGER,)
    for action in Action:
        assert set(TRANSITIONS[action].roles) == {role for role in Role if action in RIGHTS[role]}
    assert all(closing in RIGHTS[Role.DESK_MANAGER] for closing in Closing)
    assert set(RIGHTS[Role.OPERATOR]) == {"watch", "search", "wall", "see_cost", "note"}


def test_reasons_are_enumerated() -> None:
    """Every action has its own, and refusals on credit are those of the notice's form."""
    assert all(way.reasons for way in TRANSITIONS.values())
    assert len(CREDIT_REASONS) == 21
    assert {Reason.BANKRUPTCY, Reason.INCOME_INSUFFICIENT} <= set(CREDIT_REASONS)
    assert not set(TRANSITIONS[Action.COUNTER].reasons) & set(CREDIT_REASONS)


def events() -> st.SearchStrategy[Event]:
    """Draw any event of a deal, as it is logged: with every field that a view may hide."""
    return st.sampled_from(EVENT_TYPES).flatmap(values_of)


@given(st.lists(events(), max_size=8))
def test_applying_again_changes_nothing(told: list[Event]) -> None:
    """A snapshot may hold already what the events behind it tell once more."""
    deal = DEAL
    for event in told:
        deal = applied(deal, event)
    versioned = [event for event in told if isinstance(getattr(event, "version", None), int)]
    again = deal
    for event in versioned:
        again = applied(again, event)
    assert again == deal
    assert deal.version == max([0, *(event.version for event in versioned)])  # type: ignore[attr-defined]


@given(events(), st.sampled_from(View))
def test_a_view_follows_what_it_is_told(event: Event, view: View) -> None:
    """What a view hides of an event is no obstacle: the client takes the rest, and the version."""
    body: dict[str, Any] = codec.plain(event)
    del body["seq"]
    (seen,) = codec.decode_messages(project_event(Entry("e", 7, codec.encode(body)), Sight(view)))
    assert isinstance(seen, Event)
    after = applied(DEAL, seen)
    version = body.get("version")
    assert after.version == max(0, version if isinstance(version, int) else 0)


@given(st.lists(utc_times, min_size=KEPT_NOTES + 1, max_size=KEPT_NOTES + 3))
def test_only_the_latest_notes_are_kept(times: list[Any]) -> None:
    """A long story does not make every snapshot longer; a note that is told again stays once."""
    deal = DEAL
    for number, at in enumerate(times):
        note = NoteAdded(channel="deal:d", seq=number, at=at, id=str(number), text="x", by=ACTOR)
        deal = applied(applied(deal, note), note)
    assert isinstance(deal.notes, list)
    assert [note.id for note in deal.notes] == [str(number) for number in range(len(times))][-KEPT_NOTES:]


@given(
    st.lists(
        st.builds(DealNote, id=st.uuids().map(str), text=st.text(), by=st.just(ACTOR), at=utc_times),
        unique_by=lambda note: note.id,
    ),
    st.integers(1, 4),
)
def test_kept_notes_fit_and_are_the_same_in_snapshot_and_fold(notes: list[DealNote], factor: int) -> None:
    """Cut at once or one by one, the latest are kept, and never take more than they may as they are sent."""
    told = [replace(note, text=note.text * 400 * factor) for note in notes]
    deal = DEAL
    for number, note in enumerate(told):
        fields = {"id": note.id, "text": note.text, "by": note.by, "at": note.at}
        deal = applied(deal, NoteAdded(channel="deal:d", seq=number, **fields))  # type: ignore[arg-type]
    kept = kept_notes(told)
    assert deal.notes == kept
    assert kept == told[len(told) - len(kept) :]
    assert len(codec.encode([codec.plain(note) for note in kept])) <= KEPT_NOTES_BYTES + 2


def test_notes_are_counted_as_they_are_sent() -> None:
    """Where each character takes two bytes, be it of UTF-8 or of an escape, half as many notes are kept."""
    for text, count in (("x" * 2000, 29), ("é" * 1000, 29), ("\n" * 1000, 29), ("x" * 100, KEPT_NOTES)):
        note = DealNote(id="n", text=text, by=ACTOR, at=dt.datetime.now(dt.UTC))
        assert len(kept_notes([note] * 250)) == count


@pytest.mark.parametrize("role", Role)
def test_rights_are_distinct(role: Role) -> None:
    """A right is listed once."""
    assert len(set(RIGHTS[role])) == len(RIGHTS[role])
