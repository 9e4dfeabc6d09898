"""A channel's state as single events change it."""

import datetime as dt
from typing import Any

import pytest

from client.channel import Channel
from protocol.events import (
    FIRST_LATE_CHUNK,
    JoinReply,
    Matches,
    SearchEnded,
    SearchStarted,
    Snapshot,
    SnapshotEnd,
)
from protocol.records import Actor, EndReason, Filters, Role, Sort, Versions, View

NAME = "deal:1"
AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)


class Told:
    """A channel that is live, and the events that it is told."""

    def __init__(self) -> None:
        self.channel = Channel(NAME, View.SALES)
        self.channel.join(1)
        self.channel.joined(
            JoinReply(epoch="e1", seq=0, recovered=False, view=View.SALES, snapshot=Snapshot())
        )
        self.channel.receive(SnapshotEnd(channel=NAME, ref=1))
        self._seq = 0

    def envelope(self) -> dict[str, Any]:
        """Return what the next event begins with."""
        self._seq += 1
        return {"channel": NAME, "seq": self._seq, "at": AT, "search_id": "s1"}

    def matches(self, chunk: int, rev: int) -> None:
        """Tell of a car."""
        columns = {"vehicle_id": ["a"], "rev": [rev], "price_cents": [100 * rev]}
        self.channel.receive(Matches(**self.envelope(), chunk=chunk, rows=1, columns=columns))


@pytest.fixture
def told() -> Told:
    """A search that has ended by its limit."""
    told = Told()
    versions = Versions(inventory="1", rates="r1", tax="t1", risk="k1", engine="e1")
    by = Actor(id="u1", name="Ann", role=Role.SALESPERSON)
    told.channel.receive(
        SearchStarted(
            **told.envelope(), deal_version=1, estimate=1, filters=Filters(), sort=Sort.PRICE,
            versions=versions, by=by,
        )
    )  # fmt: skip
    told.matches(0, rev=1)
    told.channel.receive(
        SearchEnded(**told.envelope(), reason=EndReason.LIMIT, scanned=1, matched=1, chunks=1, next="t1")
    )
    return told


def test_a_late_chunk_begins_no_search(told: Told) -> None:
    """A car that was repriced is matched anew: the search has ended all the same, with its token."""
    told.matches(FIRST_LATE_CHUNK + 1, rev=2)
    assert told.channel.search is not None
    assert (told.channel.search.ended, told.channel.search.next) == (EndReason.LIMIT, "t1")
    assert told.channel.rows["a"].rev == 2


def test_the_next_page_runs_again(told: Told) -> None:
    """Its first chunk says so."""
    told.matches(1, rev=2)
    assert told.channel.search is not None
    assert (told.channel.search.ended, told.channel.search.next) == (None, None)
