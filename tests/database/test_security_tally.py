"""Counting what repeats: no event is lost in the counts, and strangers cannot make rows without end."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from server.database.people.security_events import CountedEvent, SecurityEvent, SecurityKind
from server.database.people.security_tally import MOST_REFUSALS, WINDOW_SECONDS, Tally

BEGAN = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)


def event(kind: SecurityKind, now: float = 0.0, **fields: object) -> SecurityEvent:
    """Return an event at a time of the test's clock."""
    return SecurityEvent(kind, BEGAN + dt.timedelta(seconds=now), **fields)  # type: ignore[arg-type]


def test_what_repeats_is_two_rows() -> None:
    """The first is a row at once; the rest of the minute is one more, with their number and last time."""
    tally = Tally()
    rows = [
        tally.add(event(SecurityKind.SIGN_IN_REFUSED, now, address="192.0.2.7"), now) for now in range(30)
    ]
    assert [len(each) for each in rows] == [1] + [0] * 29
    assert rows[0][0].count == 1
    assert tally.over(WINDOW_SECONDS - 1) == []
    [rest] = tally.over(WINDOW_SECONDS)
    assert (rest.count, rest.until) == (29, BEGAN + dt.timedelta(seconds=29))
    assert tally.over(WINDOW_SECONDS * 2) == []
    assert len(tally.add(event(SecurityKind.SIGN_IN_REFUSED, address="192.0.2.7"), WINDOW_SECONDS)) == 1


def test_an_export_is_a_row_each_time() -> None:
    """Nothing that leaves the house shares a row."""
    tally = Tally()
    for _ in range(3):
        assert len(tally.add(event(SecurityKind.EXPORTED, deal_id="d"), 0.0)) == 1


def test_views_of_customers_are_told_apart() -> None:
    """Who saw which customer is never counted together with another, however many there are."""
    tally = Tally()
    for number in range(MOST_REFUSALS * 3):
        [row] = tally.add(event(SecurityKind.CUSTOMER_VIEWED, user_id="ann", deal_id=str(number)), 0.0)
        assert row.event.deal_id == str(number)
    assert tally.add(event(SecurityKind.CUSTOMER_VIEWED, user_id="ann", deal_id="0"), 1.0) == []
    [other] = tally.add(event(SecurityKind.CUSTOMER_VIEWED, user_id="bob", deal_id="0"), 1.0)
    assert other.event.user_id == "bob"


def test_strangers_make_so_many_rows() -> None:
    """Whatever they vary, refusals of a minute are a bounded number of rows, and all of them are counted."""
    tally, rows = Tally(), list[CountedEvent]()
    for number in range(5_000):
        refusal = event(SecurityKind.SIGN_IN_REFUSED, typed_login=f"x{number}", address=f"a{number}")
        rows += tally.add(refusal, 0.0)
    rows += tally.close()
    assert len(rows) <= MOST_REFUSALS + 2
    assert sum(row.count for row in rows) == 5_000
    assert rows[-1].event.detail == {"places": "many"}
    assert rows[-1].event.address == ""


@given(
    st.lists(st.tuples(st.sampled_from(SecurityKind), st.sampled_from("abc"), st.floats(0, 40)), max_size=200)
)
def test_every_event_is_in_one_row(happened: list[tuple[SecurityKind, str, float]]) -> None:
    """The counts of all rows come to what happened, of each kind, whenever it happened."""
    tally, rows, now = Tally(), list[CountedEvent](), 0.0
    for kind, address, later in happened:
        now += later
        rows += tally.add(event(kind, now, address=address), now)
    rows += tally.close()
    for kind in SecurityKind:
        expected = sum(other is kind for other, _, _ in happened)
        assert sum(row.count for row in rows if row.event.kind is kind) == expected
    assert all(row.until >= row.event.at for row in rows)
