"""A sync is killed at any moment: the next one goes on, and ends as an unbroken one would."""

import asyncio
import sys

import pytest

from server.settings import process_environment
from tests.cluster.warehouse.states import assert_all_is_here, empty, fill_all, state
from tests.services import ROOT
from tests.warehouse.conftest import Both

pytestmark = [pytest.mark.flow, pytest.mark.long]
ROWS = 120
KILLS = 12


async def run(both: Both, *words: str) -> asyncio.subprocess.Process:
    """Start the program."""
    environ = {"WAREHOUSE_URL": both.url, "DEAL_HISTORY_DIR": str(both.folder / "history")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "sync", "--share", "1", "--page-rows", "7"),
        *("--rejects", str(both.folder / "rejects.csv"), *words),
        env=process_environment() | both.settings.environment() | environ,
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_kill_9_at_any_moment(both: Both) -> None:
    await fill_all(both, ROWS)
    program = await run(both)
    assert (await program.communicate(), program.returncode)[1] == 0
    await assert_all_is_here(both)
    expected = await state(both)
    await empty(both)
    both.proxy.delay_seconds = 0.005
    killed, seen = 0, set()
    while killed < KILLS:
        both.proxy.forget()
        program = await run(both)
        # So many queries further than the last one died.
        wanted = 8 + 5 * (killed % 4)
        await both.proxy.until(wanted, program)
        if program.returncode is not None:
            break
        program.kill()
        await program.communicate()
        killed += 1
        seen.add(await both.ours.fetchval("SELECT sum(rows_read) FROM sync_state"))
    assert killed > 5
    assert len(seen) > 3, "it was killed at different stages"
    both.proxy.delay_seconds = 0.0

    program = await run(both)
    _, err = await program.communicate()

    assert program.returncode == 0, err
    assert await state(both) == expected
    assert list((both.folder / "history").glob(".writing-*")) == []
