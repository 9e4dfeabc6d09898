"""Rows: matches and offers merged by car, in any order and however often they come."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from client.rows import MOST_UNFOLDED, Chunk, Row, Rows, ValueState
from protocol.events import Matches, Offers, SnapshotRows, ValueFailed, VehicleChanged

AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
EVENT = {"channel": "deal:1", "seq": 1, "at": AT, "search_id": "s1"}


def matches(*cars: tuple[str, int], price: int = 100) -> Matches:
    """Return a chunk of matches."""
    ids, revs = [car for car, _ in cars], [rev for _, rev in cars]
    columns = {"vehicle_id": ids, "rev": revs, "price_cents": [price] * len(cars)}
    return Matches(**EVENT, chunk=0, rows=len(cars), columns=columns)


def offers(*cars: tuple[str, int], payment: int | None = 7) -> Offers:
    """Return a chunk of offers."""
    ids, revs = [car for car, _ in cars], [rev for _, rev in cars]
    columns = {"vehicle_id": ids, "rev": revs, "payment_cents": [payment] * len(cars)}
    return Offers(**EVENT, chunk=0, rows=len(cars), columns=columns)


def rows_of(*chunks: Chunk) -> Rows:
    """Return rows made from chunks."""
    rows = Rows()
    for chunk in chunks:
        rows.add(chunk)
    return rows


def test_what_nobody_reads_does_not_pile_up() -> None:
    """However many cars change while a program only follows, few events are kept."""
    rows = Rows()
    for rev in range(3 * MOST_UNFOLDED):
        change = VehicleChanged(
            channel="deal:1", seq=1, at=AT, vehicle_id="a", rev=rev, status="available", price_cents=rev
        )
        rows.add(change)
    assert len(rows._unfolded) <= MOST_UNFOLDED
    assert len(rows) == 0


def test_a_match_is_pending_until_its_offer_comes() -> None:
    """Match columns at once; offer columns and VALUED with the offer; null amounts are a value too."""
    rows = rows_of(matches(("a", 1), ("b", 1)), offers(("a", 1), payment=None))
    assert rows["b"] == Row("b", 1, {"vehicle_id": "b", "rev": 1, "price_cents": 100})
    assert rows["b"].value is ValueState.PENDING
    assert rows["a"].offer == {"vehicle_id": "a", "rev": 1, "payment_cents": None}
    assert rows["a"].value is ValueState.VALUED


def test_the_highest_rev_of_a_car_counts() -> None:
    """A repriced car replaces its row and waits for its value anew; an older rev is dropped."""
    rows = rows_of(matches(("a", 1)), offers(("a", 1)), matches(("a", 2), price=90), matches(("a", 1)))
    assert (rows["a"].rev, rows["a"].match["price_cents"], rows["a"].offer) == (2, 90, None)


def test_an_offer_for_another_rev_or_car_is_dropped() -> None:
    """Values of what is not on the screen are not shown."""
    rows = rows_of(matches(("a", 2)), offers(("a", 1), ("b", 1)))
    assert list(rows) == ["a"]
    assert rows["a"].value is ValueState.PENDING


def test_a_failed_value_is_told_apart() -> None:
    """FAILED where a worker gave up, unless a value is there; a value that comes later counts."""
    failed = ValueFailed(**EVENT, vehicle_id=["a", "b", "x"], message="gave up")
    rows = rows_of(matches(("a", 1), ("b", 1)), offers(("b", 1)), failed)
    assert (rows["a"].value, rows["b"].value, len(rows)) == (ValueState.FAILED, ValueState.VALUED, 2)
    rows.add(offers(("a", 1)))
    assert rows["a"].value is ValueState.VALUED


def test_snapshot_rows_are_what_the_events_would_have_made() -> None:
    """A row from a snapshot equals the row from matches and offers, valued, pending or failed."""
    columns: dict[str, list[Any]] = {
        "vehicle_id": ["a", "b", "c"],
        "rev": [1, 1, 1],
        "price_cents": [100, 100, 100],
        "payment_cents": [7, None, None],
        "valued": [True, False, None],
    }
    snapshot = SnapshotRows(channel="deal:1", ref=1, part=0, rows=3, columns=columns)
    failed = ValueFailed(**EVENT, vehicle_id=["c"], message="gave up")
    events = rows_of(matches(("a", 1), ("b", 1), ("c", 1)), offers(("a", 1)), failed)
    assert dict(rows_of(snapshot)) == dict(events)


@st.composite
def streams(draw: st.DrawFn) -> list[Chunk]:
    """Draw chunks as a log holds them: offers for cars that were matched before, of any rev that was."""
    stream: list[Chunk] = []
    seen: list[tuple[str, int]] = []
    for _ in range(draw(st.integers(1, 8))):
        if seen and draw(st.booleans()):
            stream.append(offers(draw(st.sampled_from(seen))))
        else:
            seen.append((draw(st.sampled_from("abc")), draw(st.integers(0, 2))))
            stream.append(matches(seen[-1]))
    return stream


@given(stream=streams(), read_between=st.booleans(), data=st.data())
def test_adding_again_what_came_last_changes_nothing(
    stream: list[Chunk], read_between: bool, data: st.DataObject
) -> None:
    """Replaying any tail of what was added leaves the rows as they are, read in between or not."""
    rows = rows_of(*stream)
    if read_between:
        assert len(rows) > 0
    for chunk in stream[data.draw(st.integers(0, len(stream))) :]:
        rows.add(chunk)
    assert dict(rows) == dict(rows_of(*stream))
