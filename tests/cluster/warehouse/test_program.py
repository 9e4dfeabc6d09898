"""``deal-architect sync`` as a program: what it tells, and how it watches."""

import asyncio
import sys

import pytest

from server.settings import process_environment
from tests.cluster.warehouse.programs import says
from tests.services import ROOT
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, loans, payments
from tests.warehouse.test_gone import there

pytestmark = pytest.mark.flow
GUARD_SECONDS = 180.0
"""Three programs start one after the other, on a machine with other work."""

CHANGE = "UPDATE deal_architect.{} SET {} = {}, updated_at = now() - interval '31 s'"
"""Before the lag that the program keeps from the warehouse's present."""


async def start(both: Both, *words: str) -> asyncio.subprocess.Process:
    """Start the program."""
    environ = both.settings.environment() | {
        "WAREHOUSE_URL": both.url,
        "DEAL_HISTORY_DIR": str(both.folder / "history"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "sync", "--rejects", str(both.folder / "rejects.csv"), *words),
        env=process_environment() | environ,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(both: Both, *words: str) -> tuple[int, str, str]:
    """Run the program, while the proxy goes on."""
    program = await start(both, *words)
    out, err = await program.communicate()
    return program.returncode or 0, out.decode(), err.decode()


async def test_it_tells_people_programs_and_prometheus(both: Both) -> None:
    await fill(both.source, stock=cars(9, (*STORES, "nowhere")), customers=customers(4, STORES),
               loans=loans(1), payments=payments(6))  # fmt: skip
    metrics = both.folder / "sync.prom"

    code, out, err = await run(both, "--share", "1", "--metrics-file", str(metrics))

    assert code == 0, err
    assert out.splitlines() == [
        "stock: 9 read: 6 added, 0 updated, 0 unchanged, 0 removed, 3 rejected",
        "customers: 4 read: 4 added, 0 updated, 0 unchanged, 0 removed, 0 rejected",
        "loans: 1 read: 1 added, 0 updated, 0 unchanged, 0 removed, 0 rejected",
        "payments: 6 read: 6 added, 0 updated, 0 unchanged, 0 removed, 0 rejected",
        f"rows with reasons: {both.folder / 'rejects.csv'}",
    ]
    written = metrics.read_text()
    assert 'deal_sync_rows_rejected_total{what="stock"} 3.0' in written
    assert 'deal_sync_failing{what="payments"} 0.0' in written
    assert "# TYPE deal_sync_rows_read_total counter" in written
    assert "# TYPE deal_sync_failing gauge" in written


async def test_what_is_refused_waits_for_a_person_and_the_rest_goes_on(both: Both) -> None:
    """With ``--watch``: it is tried once, and again after somebody has confirmed it."""
    await fill(both.source, stock=cars(20, ["riverside"]), customers=customers(4, STORES))
    await both.sync("stock", "customers", rows=100)
    await both.change(CHANGE.format("stock", "deleted_at", "now()"))
    words = ("--what", "stock,customers", "--share", "1")
    watching = await start(both, *words, "--watch", "1")
    try:
        await says(watching, "20 of 20 cars of riverside are gone")
        async with asyncio.timeout(GUARD_SECONDS):
            both.proxy.forget()
            await both.change(CHANGE.format("customers", "city", "'Xenia'"))
            await until(both, "SELECT count(*) = 4 FROM customers WHERE city = 'Xenia'")
            assert not any('"stock" AS w' in sql for sql in both.proxy.queries)
            assert await there(both) == 20

            while (ended := await run(both, *words, "--yes"))[0] == 3:  # noqa: ASYNC110 - the lock tells nobody
                await asyncio.sleep(0.1)
            assert (ended[0], await there(both)) == (0, 0), ended
            await both.change(CHANGE.format("stock", "deleted_at", "NULL"))
            await until(both, "SELECT count(*) = 20 FROM vehicles WHERE status = 'available'")
    finally:
        watching.terminate()
        await watching.communicate()


async def test_a_run_that_is_refused_ends_with_its_code_and_says_what_it_did(both: Both) -> None:
    await fill(both.source, stock=cars(20, ["riverside"]), customers=customers(4, STORES))
    await both.sync("stock", rows=100)
    await both.change(CHANGE.format("stock", "deleted_at", "now()"))

    code, out, err = await run(both, "--what", "stock,customers", "--share", "1")

    assert code == 4
    assert "customers: 4 read: 4 added" in out
    assert "20 of 20 cars of riverside are gone" in err


async def until(both: Both, query: str) -> None:
    """Wait until the operational database says so."""
    while not await both.ours.fetchval(query):  # noqa: ASYNC110 - no event tells of these rows
        await asyncio.sleep(0.05)
