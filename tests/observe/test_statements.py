"""Statements are counted by the function of ours that sends them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from server.observe.metrics.histogram import OTHER
from server.observe.metrics.statements import MOST_TEXTS, StatementTimes

STATEMENTS = """
async def load_{number}(times, text):
    await asked(times, text)

async def asked(times, text):
    await sleep(0)
    try:
        times.took(text, 0.25)
    except BaseException:
        raise
"""


@pytest.fixture
def sender() -> Iterator[Any]:
    """Return what makes functions of a module of the server's that send statements."""

    def made(number: int) -> Any:
        scope: dict[str, Any] = {"__name__": "server.database.deals.made", "sleep": asyncio.sleep}
        exec(STATEMENTS.format(number=number), scope)  # noqa: S102 - functions of a module of that name
        return scope[f"load_{number}"]

    yield made


async def test_a_statement_is_named_by_who_sends_it(sender: Any) -> None:
    """Not by its text, which may be long and different each time; transactions have names of their own."""
    times = StatementTimes()
    for text in ("SELECT 1", "SELECT 2", "SELECT 1"):
        await sender(1)(times, text)
    await sender(2)(times, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL deal.store_id = 'a'")
    await sender(2)(times, "BEGIN; SET LOCAL deal.store_id = 'b'")
    await sender(2)(times, "COMMIT")
    counts = {name: found.count for name, found in times.seconds.items()}
    assert counts == {"database.deals.made.load_1": 3, "begin": 2, "commit": 1}
    assert times.seconds["begin"].total == pytest.approx(0.5)


async def test_texts_are_forgotten_and_found_again(sender: Any) -> None:
    """Searches differ in their texts without end; memory does not grow with them."""
    times = StatementTimes()
    for number in range(3 * MOST_TEXTS):
        await sender(3)(times, f"SELECT {number}")
    assert times.seconds["database.deals.made.load_3"].count == 3 * MOST_TEXTS
    assert len(times._known) <= MOST_TEXTS


async def test_a_statement_of_nobody_of_ours_is_counted(sender: Any) -> None:
    """It must not be lost: its time is under one name."""
    times = StatementTimes()
    times.took("SELECT 1", 1.0)
    times.failed("SELECT 1")
    assert times.seconds[OTHER].count == 1
    assert dict(times.failures) == {OTHER: 1}
