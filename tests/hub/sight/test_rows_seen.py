"""Rows as views see them, and a deal that is watched without them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from protocol import codec
from protocol.records import View
from server.hub.sight import rows_seen, views
from server.hub.sight.sight import Sight
from server.log.channel_log import Entry
from tests.hub.sight.hidden import CHANNEL, any_sight, logged_events


def test_customers_get_rows_in_no_order_that_tells() -> None:
    """The order in which the stock is read may be that of its age: a customer's rows are by id."""
    columns = {"vehicle_id": ["12", "9", "10"], "price_cents": [1, 2, 3]}
    assert rows_seen.project_rows(columns, Sight(View.CUSTOMER)) == {
        "vehicle_id": ["10", "12", "9"],
        "price_cents": [3, 1, 2],
    }
    assert rows_seen.project_rows(columns, Sight(View.SALES)) == columns


@given(logged_events(), any_sight)
def test_without_rows_all_else_is_the_same(event: dict[str, Any], sight: Sight) -> None:
    """Whoever joined without the cars of a deal's search is told that events about rows happened."""
    entry = Entry("e", 7, codec.encode(event))
    sent = views.project_event(entry, replace(sight, rows=False))
    if event["type"] in {"matches", "offers", "value_failed"}:
        envelope = {name: event[name] for name in ("channel", "at")}
        assert codec.decode(sent) == {"type": "hidden", "seq": 7, **envelope}
    else:
        assert sent == views.project_event(entry, sight)


@pytest.mark.parametrize("kind", ["matches", "offers", "value_failed", "search_ended", "matches_to_come"])
def test_only_events_about_rows_are_left_out(kind: str) -> None:
    """In the manager's view too, which gets all others as they are logged."""
    event = {"type": kind, "channel": CHANNEL, "at": "t", "search_id": "s"}
    sent = codec.decode(
        views.project_event(Entry("e", 9, codec.encode(event)), Sight(View.MANAGER, rows=False))
    )
    hidden = {"type": "hidden", "channel": CHANNEL, "at": "t", "seq": 9}
    assert sent == (hidden if kind in {"matches", "offers", "value_failed"} else {**event, "seq": 9})
