"""The computing processes: what they answer, and that each can be ended."""

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import UNSET

from protocol.deal.structure import StructureError
from server.compute.pool import ComputePool, NoTurnError, OverrunError
from server.sharing.lanes import Lane
from server.sharing.line import MOST_WAITING_OF_PERSON
from tests.compute.calls import report, spin

ANN, BEN = Lane("riverside", "ann"), Lane("northgate", "ben")
SHORT_SECONDS = 2.0
"""The deadline where a test waits for it."""

AMPLE_SECONDS = 60.0


def fail() -> None:
    """Fail as the engine does."""
    raise StructureError("tax_rate_bp", "expected a rate")


class OddError(Exception):
    """An error that cannot be made again from what it holds."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def fail_oddly() -> None:
    """Fail with what no pickle carries."""
    raise OddError("this", "that")


def runs(pid: int) -> bool:
    """Return whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


def children(pid: int) -> Iterator[int]:
    """Yield the running children of a process."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if "server.compute.child" in Path(f"/proc/{child}/cmdline").read_text():
                yield int(child)


@asynccontextmanager
async def pool_of(processes: int, seconds: float = AMPLE_SECONDS) -> AsyncIterator[ComputePool]:
    """Run a pool whose processes are up."""
    pool = ComputePool(seconds)
    async with pool.running(processes):
        await asyncio.gather(*(pool.run(ANN, time.sleep, 0.1) for _ in range(processes)))
        yield pool


async def test_results_and_errors_come_back() -> None:
    """What a function returns or raises is its caller's; markers of the protocol stay what they are."""
    async with pool_of(1) as pool:
        assert await pool.run(ANN, math.hypot, 3.0, 4.0) == 5.0
        assert await pool.run(ANN, dict, [("value", UNSET)]) == {"value": UNSET}
        with pytest.raises(StructureError, match="tax_rate_bp: expected a rate"):
            await pool.run(ANN, fail)
        assert await pool.run(ANN, math.sqrt, 4.0) == 2.0


async def test_an_error_that_cannot_travel_comes_as_its_words() -> None:
    """No process and no turn is lost by it."""
    async with pool_of(1) as pool:
        before, _ = await pool.run(ANN, report)
        with pytest.raises(RuntimeError, match="this and that"):
            await pool.run(ANN, fail_oddly)
        after, _ = await asyncio.wait_for(pool.run(ANN, report), AMPLE_SECONDS)
    assert before == after


async def test_a_computation_without_an_end_is_ended() -> None:
    """Its caller hears of it, its process is gone, and the next call is answered."""
    async with pool_of(1, SHORT_SECONDS) as pool:
        before, _ = await pool.run(ANN, report)
        with pytest.raises(OverrunError):
            await pool.run(ANN, spin)
        after, _ = await pool.run(BEN, report)
        assert after != before
        assert not runs(before)


async def test_a_caller_that_leaves_leaves_no_work() -> None:
    """What nobody waits for any longer is not begun; what had begun is ended by the deadline."""
    async with pool_of(1, SHORT_SECONDS) as pool:
        pid, _ = await pool.run(ANN, report)
        left = [asyncio.create_task(pool.run(ANN, spin)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        replaced, _ = await pool.run(BEN, report)
        again, _ = await pool.run(BEN, report)
    # The first of them took its process with it; the others were never begun.
    assert pid != replaced == again


async def test_a_lost_process_is_replaced() -> None:
    """Killed by whoever: the call that it had fails, the others wait for the next process."""
    async with pool_of(1) as pool:
        pid, _ = await pool.run(ANN, report)
        pending = asyncio.create_task(pool.run(ANN, time.sleep, AMPLE_SECONDS))
        waiting = asyncio.create_task(pool.run(BEN, math.sqrt, 9.0))
        await asyncio.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(OverrunError):
            await pending
        assert await waiting == 3.0


async def test_one_person_fills_only_their_own_turns() -> None:
    """Beyond their share they are refused at once; another store's call is served among theirs."""
    async with pool_of(1) as pool:
        asked = MOST_WAITING_OF_PERSON + 5
        flood = [asyncio.create_task(pool.run(ANN, time.sleep, 0.05)) for _ in range(asked)]
        await asyncio.sleep(0)
        assert await pool.run(BEN, math.sqrt, 16.0) == 4.0
        served = [task for task in flood if task.done() and task.exception() is None]
        assert len(served) < MOST_WAITING_OF_PERSON // 2
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, NoTurnError)]
    # One or two of them were taken before the others came.
    assert asked - MOST_WAITING_OF_PERSON - 2 <= len(refused) <= asked - MOST_WAITING_OF_PERSON


async def test_the_pool_says_when_nobody_gets_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness sees it: who waits has waited for long."""
    monkeypatch.setattr("server.compute.pool.STALLED_SECONDS", 0.02)
    async with pool_of(1) as pool:
        assert pool.has_turns
        pid, _ = await pool.run(ANN, report)
        busy = [asyncio.create_task(pool.run(ANN, time.sleep, seconds)) for seconds in (AMPLE_SECONDS, 0.0)]
        while pool.has_turns:
            assert not busy[0].done()
            await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(OverrunError):
            await busy[0]
        await busy[1]
        assert pool.has_turns


async def test_a_computing_process_knows_no_address_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It inherits what Python needs to start."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/deals")
    monkeypatch.setenv("DEAL_SECRET", "never to be seen by a computing process")
    async with pool_of(1) as pool:
        _, names = await pool.run(ANN, report)
    assert not [name for name in names if name.startswith(("DEAL_", "DATABASE", "REDIS"))]


async def test_nothing_runs_on_when_the_pool_is_closed() -> None:
    """Not even what computes without an end."""
    async with pool_of(2) as pool:
        pids = list(children(os.getpid()))
        spinning = asyncio.create_task(pool.run(ANN, spin))
        await asyncio.sleep(0.1)
    assert len(pids) == 2
    assert not [pid for pid in pids if runs(pid)]
    with pytest.raises(OverrunError):
        await spinning
