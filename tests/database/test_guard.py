"""The connections of a process: no store takes them all, and what waits is served in turn."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.database.core.guard import ConnectionGuard, connection_shares
from server.observe.breaker import CircuitOpen


@given(st.integers(1, 1000))
def test_every_pool_has_a_place_for_a_store_and_room_for_another(pool_max: int) -> None:
    shares = connection_shares(pool_max)
    assert 1 <= shares.store <= shares.all <= pool_max
    assert shares.store < shares.all or shares.all == 1
    assert pool_max < 5 or shares.all < pool_max


async def test_a_storm_of_one_store_leaves_the_next_connection_to_another() -> None:
    """Of 200 transactions at once, another store's waits for none; within its share it overtakes all."""
    guard, order = ConnectionGuard(10), []
    holds, at_once = asyncio.Event(), Counter[str]()

    async def work(store_id: str) -> None:
        async with guard.command(store_id, None):
            order.append(store_id)
            at_once[store_id] += 1
            await holds.wait()

    tasks = [asyncio.create_task(work("stormy")) for _ in range(200)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(work("calm")) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert at_once == {"stormy": guard.turns.shares.store, "calm": 2}
    holds.set()
    await asyncio.gather(*tasks)
    # The third one of the calm store waited for one connection of the storm.
    assert order.index("calm") == guard.turns.shares.store
    last_calm = max(index for index, store_id in enumerate(order) if store_id == "calm")
    assert last_calm <= guard.turns.shares.all + 1


async def test_invalid_input_is_no_outage_and_timeouts_are() -> None:
    guard = ConnectionGuard(10)
    for _ in range(20):
        with pytest.raises(ValueError, match="person"):
            async with guard.command("riverside", None):
                raise ValueError("a person's mistake")
    assert guard.breaker.is_closed
    for _ in range(20):
        if guard.breaker.is_closed:
            with pytest.raises(TimeoutError):
                async with guard.command("riverside", None):
                    raise TimeoutError
    with pytest.raises(CircuitOpen):
        async with guard.command("riverside", None):
            pass
    async with guard.search("riverside", None):
        """Searches have a breaker of their own."""
