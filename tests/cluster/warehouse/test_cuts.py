"""The warehouse breaks off after any number of bytes: the end is that of an unbroken run, and nothing is read
twice that was stored.
"""

import pytest

from server.warehouse.errors import WarehouseAway
from server.warehouse.reading.pacing import Patience
from tests.cluster.warehouse.states import assert_all_is_here, empty, fill_all, state
from tests.warehouse.conftest import QUICK, Both

pytestmark = pytest.mark.flow
ROWS, PAGE = 48, 11
IMPATIENT = Patience(1, 0.001, 0.001, 10, 10)


async def unbroken(both: Both) -> int:
    """Sync without a break; return the bytes that this took."""
    await fill_all(both, ROWS)
    both.proxy.forget()
    await both.sync(rows=PAGE)
    await assert_all_is_here(both)
    return both.proxy.bytes_sent


@pytest.mark.parametrize("places", [12, pytest.param(80, marks=pytest.mark.long)])
async def test_a_sync_that_breaks_off_anywhere_and_is_called_again(both: Both, places: int) -> None:
    """Each call ends at the break; the next one goes on."""
    total = await unbroken(both)
    expected = await state(both)
    broken = 0
    for place in range(places):
        await empty(both)
        both.proxy.forget()
        both.proxy.cuts = [total * place // places + place % 7]
        both.patience = IMPATIENT
        try:
            await both.sync(rows=PAGE)
        except WarehouseAway:
            broken += 1
            assert not both.proxy.cuts
            await both.sync(rows=PAGE)
        assert await state(both) == expected, place
    assert broken > places * 0.9
    assert both.proxy.refused == []


async def test_a_sync_that_is_broken_off_many_times_goes_on_by_itself(both: Both) -> None:
    """A break every few hundred bytes, at other places in each run."""
    total = await unbroken(both)
    expected = await state(both)
    both.patience = Patience(50, 0.0005, 0.001, 10, 10)
    for step in (total // 23, total // 9, total // 5):
        await empty(both)
        both.proxy.forget()
        # To connect takes some 900 bytes, and a page up to 2,000.
        both.proxy.cuts = [max(step, 4_000) + place * 37 for place in range(9)]
        await both.sync(rows=PAGE)
        assert await state(both) == expected, step
    both.patience = QUICK
