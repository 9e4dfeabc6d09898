"""The judge itself: records made by hand, each wrong in one way, and what it says of them."""

import asyncio
import dataclasses
from typing import cast

import pytest

from tests.faults.judging.checker import Decision, Findings, Truth, judge
from tests.faults.judging.record import Entry, Heard, Joined, Loaded, Record, event_of
from tests.faults.people.load import Editor, at_work
from tests.faults.people.viewer import Viewer

DEAL = "deal:1"


@dataclasses.dataclass
class Idle:
    """A viewer that hears nothing."""

    record: Record = dataclasses.field(default_factory=lambda: Record("ann", []))


AT = "2026-01-05T10:00:0{}Z"


def event(seq: int, kind: str = "vehicle_changed", *key: object, at: int | None = None) -> Heard:
    """Return an event; its time follows its number unless it is given."""
    return Heard(DEAL, seq, kind, AT.format(seq if at is None else at), key)


def edit(seq: int, no: int | None = None) -> Heard:
    """Return the event of decision ``no``."""
    return event(seq, "deal_changed", at=seq if no is None else no)


def joined(seq: int = 0, *, epoch: str = "e", recovered: bool = False, version: int = 0) -> Joined:
    """Return the answer to a join."""
    return Joined(DEAL, epoch, seq, recovered, None if recovered else version, None)


def decisions(count: int) -> list[Decision]:
    """Return so many edits, each of an op of its own."""
    return [Decision(no, "deal_changed", AT.format(no), f"op-{no}", no) for no in range(1, count + 1)]


def verdict(*entries: Entry, truth: Truth | None = None, ops: tuple[str, ...] = ()) -> Findings:
    """Return what the judge says of one viewer."""
    acknowledged = {DEAL: ops} if ops else {}
    return judge([Record("ann", list(entries))], truth or Truth(), {}, acknowledged)


def only(kind: str, count: int = 1) -> Findings:
    """Return findings of one kind."""
    return dataclasses.replace(Findings(), **{kind: count})


START = (joined(), Loaded(DEAL))


def test_what_came_as_it_should_is_clean() -> None:
    """A snapshot, events, a connection that breaks and goes on, a new epoch, a late chunk out of turn."""
    assert (
        verdict(
            *START,
            event(1, "search_started", "s"),
            event(2, "matches", "s", 0),
            joined(2, recovered=True),
            event(3, "matches", "s", 1),
            event(4, "offers", "s", 1),
            event(5, "offers", "s", 0),
            event(6, "matches", "s", 1_000_001),
            event(7, "matches", "s", 1_000_000),
            joined(0, epoch="f", version=3),
            Loaded(DEAL),
            event(1, "matches", "t", 0, at=8),
        )
        == Findings()
    )


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([*START, event(1), event(4)], only("gaps", 2)),
        ([*START, event(1), joined(3, recovered=True)], only("gaps", 2)),
        ([*START, event(1), event(2), event(2)], only("duplicates")),
        ([joined(5), Loaded(DEAL), event(4)], only("disorder")),
        ([joined(), event(1), Loaded(DEAL), event(1)], only("disorder")),
        ([*START, event(1), joined(1, epoch="f", recovered=True)], only("disorder")),
        ([*START, event(1), joined(0), Loaded(DEAL), event(1)], only("disorder")),
    ],
)
def test_numbers(entries: list[Entry], expected: Findings) -> None:
    """A number that is missing, comes twice, comes too late, or comes before the snapshot's end."""
    assert verdict(*entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([event(1, "offers", "s", 0), event(2, "offers", "s", 0)], only("duplicates")),
        ([event(1, "matches", "s", 1), event(2, "matches", "s", 0)], only("disorder")),
        ([event(1, "offers", "s", 0), event(2, "matches", "s", 0)], only("disorder")),
        (
            [event(1, "matches", "s", 0), joined(0, epoch="f"), Loaded(DEAL), event(1, "matches", "s", 0)],
            only("duplicates"),
        ),
    ],
)
def test_searches(entries: list[Entry], expected: Findings) -> None:
    """A chunk that is told twice under two numbers, out of turn, or behind its offers."""
    assert verdict(*START, *entries) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([edit(1), edit(2), edit(3)], Findings()),
        ([edit(1), edit(2, no=3)], only("gaps")),
        ([edit(1), edit(2, no=2), edit(3, no=2)], only("duplicates")),
        ([edit(1), edit(2, no=3), edit(3, no=2)], Findings(gaps=1, disorder=1)),
        ([edit(1, no=2)], only("gaps")),
        ([edit(1, no=7)], only("strays")),
        ([joined(0, epoch="f", version=2), Loaded(DEAL), edit(1, no=3)], Findings()),
        ([joined(0, epoch="f", version=2), Loaded(DEAL), edit(1, no=2), edit(2, no=3)], Findings()),
        ([joined(0, epoch="f", version=1), Loaded(DEAL), edit(1, no=3)], only("gaps")),
    ],
)
def test_decisions(entries: list[Entry], expected: Findings) -> None:
    """What Postgres decided is told once and in its order; a snapshot may stand for what came before."""
    assert verdict(*START, *entries, truth=Truth(decisions={DEAL: decisions(3)})) == expected


def test_notes_are_looked_for_in_the_snapshot() -> None:
    """A note that is neither in the snapshot nor told behind it is lost."""
    made = [Decision(no, "note_added", AT.format(no), f"op-{no}", None, f"n{no}") for no in (1, 2)]
    shows_one = Joined(DEAL, "e", 0, False, 0, frozenset({"n1"}))
    shows_none = Joined(DEAL, "e", 0, False, 0, frozenset())
    second = Heard(DEAL, 1, "note_added", AT.format(2), ("n2",))
    truth = Truth(decisions={DEAL: made})
    assert verdict(shows_one, Loaded(DEAL), second, truth=truth) == Findings()
    assert verdict(shows_none, Loaded(DEAL), second, truth=truth) == only("gaps")


def test_an_answered_command_that_was_never_decided_is_lost() -> None:
    """And one that was decided twice is a duplicate."""
    truth = Truth(decisions={DEAL: [*decisions(2), dataclasses.replace(decisions(3)[2], op="op-2")]})
    assert verdict(truth=truth, ops=("op-1",)) == Findings()
    assert verdict(truth=truth, ops=("op-9",)) == only("gaps")
    assert verdict(truth=truth, ops=("op-2",)) == only("duplicates")


def test_what_stands_in_the_log_is_what_is_heard() -> None:
    """Another event under the number is a stray; so is one that two viewers heard differently."""
    stands = Truth(log={(DEAL, "e", 1): ("vehicle_changed", AT.format(1))})
    assert verdict(*START, event(1), truth=stands) == Findings()
    assert verdict(*START, event(1, at=2), truth=stands) == only("strays")
    records = [Record("ann", [*START, event(1)]), Record("max", [*START, event(1, at=2)])]
    assert judge(records, Truth(), {}, {}) == only("strays")
    assert verdict(truth=Truth(retold=2)) == only("strays", 2)


def test_screens_are_compared_with_a_fresh_one() -> None:
    """A screen that differs, one that never was, and a channel on which something is still expected."""
    fresh = {(DEAL, "sales"): {"version": 3}}
    screens = {("ann", DEAL, "sales"): {"version": 3}, ("max", DEAL, "sales"): {"version": 2}}
    assert judge([], Truth(fresh=fresh), screens, {}) == only("unconverged")
    assert judge([], Truth(fresh={(DEAL, "sales"): None}), {("ann", DEAL, "sales"): None}, {}) == only(
        "unconverged"
    )
    assert judge([], Truth(unsettled=1), {}, {}) == only("unconverged")


def test_what_a_process_holds_is_compared_with_postgres() -> None:
    """A deal that differs, one that cannot be joined, and one that Postgres has not."""
    stored = {DEAL: {"version": 3, "state": "working"}}
    held = {"version": 3, "state": "working", "rows": {}}
    assert judge([], Truth(stored=stored), {}, {}, {("here", DEAL): held}) == Findings()
    assert judge([], Truth(stored=stored), {}, {}, {("here", DEAL): held | {"version": 2}}) == only(
        "unconverged"
    )
    assert judge([], Truth(stored=stored), {}, {}, {("here", DEAL): None}) == only("unconverged")
    assert judge([], Truth(), {}, {}, {("here", DEAL): held}) == only("unconverged")


def test_what_may_be_told_once_has_a_key() -> None:
    """Chunks, searches and notes do; the state of a car may come back."""
    told = {"seq": 1, "at": AT.format(1), "search_id": "s", "chunk": 2, "chunks": 3, "offers": 4, "failed": 0}
    keys = {
        "matches": ("s", 2),
        "offers": ("s", 2),
        "search_started": ("s",),
        "search_ended": ("s", 3),
        "search_valued": ("s", 4, 0),
        "note_added": (),
        "vehicle_changed": (),
    }
    assert {kind: event_of(DEAL, told | {"type": kind}).key for kind in keys} == keys
    assert event_of(DEAL, told | {"type": "note_added", "id": "n"}).key == ("n",)


async def test_a_command_that_is_never_answered_is_given_up_and_marked() -> None:
    """The others' work is seen through; whoever is still waiting is stuck."""
    working = asyncio.Event()
    free, waiting = (Editor(cast(Viewer, Idle()), DEAL, working) for _ in range(2))

    async def answered() -> None:
        await asyncio.sleep(0)

    free.step, waiting.step = answered, asyncio.Event().wait  # type: ignore[method-assign, assignment]
    async with at_work([free, waiting], working, 0.1):
        await asyncio.sleep(0)
    assert (free.is_stuck, waiting.is_stuck) == (False, True)


def test_a_history_tells_what_was_decided() -> None:
    """Each event under its number: another kind or time there, or a number that nobody has, is a stray."""
    told = [{"no": 1, "type": "deal_changed", "at": AT.format(1)}]
    for more, strays in (
        ([], 0),
        ([{"no": 2, "type": "note_added", "at": AT.format(2)}], 1),
        ([{"no": 2, "type": "deal_changed", "at": AT.format(1)}], 1),
        ([{"no": 3, "type": "deal_changed", "at": AT.format(3)}], 1),
    ):
        truth = Truth(decisions={DEAL: decisions(2)}, retellings={DEAL: [*told, *more]})
        assert judge([], truth, {}, {}) == only("strays", strays)
