"""The warehouse's share of the time, and the hours."""

import datetime as dt

import pytest

from server.warehouse.errors import LayoutError
from server.warehouse.reading.pacing import Pacing, parse_hours


async def test_the_warehouse_is_left_alone_for_its_share_and_our_own_work_counts() -> None:
    now, waits = [0.0], []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    pacing = Pacing(0.25, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        await pacing.wait()
        now[0] += 2.0  # the query
        pacing.took(2.0)
        now[0] += 1.0  # storing the page

    assert waits == [5.0, 5.0]
    assert pacing.busy_seconds == 6.0


@pytest.mark.parametrize(
    ("text", "within", "outside"),
    [
        ("22-6", (22, 23, 0, 5), (6, 12, 21)),
        ("8-17", (8, 16), (7, 17)),
        ("0-24", (0, 23), ()),
        ("24-6", (0, 5), (6, 23)),
    ],
)
def test_hours(text: str, within: tuple[int, ...], outside: tuple[int, ...]) -> None:
    hours = parse_hours(text)
    held = {
        hour: hours.hold(dt.datetime(2026, 1, 1, hour, 30, tzinfo=dt.UTC)) for hour in (*within, *outside)
    }
    assert held == dict.fromkeys(within, True) | dict.fromkeys(outside, False)


@pytest.mark.parametrize("text", ["22", "22-25", "5-5", "night", "-1-4"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(LayoutError, match="such as 22-6"):
        parse_hours(text)
