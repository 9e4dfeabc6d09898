"""``deal-architect sync``: its outcome for people, as JSON and as metrics, and how it ends."""

import asyncio
import json
import sys

import pytest

from server.settings import process_environment
from server.warehouse.fields import What
from server.warehouse.report import as_json
from server.warehouse.runs import Tally
from server.warehouse.syncing import Outcome
from tests.commands.here import run_here
from tests.services import ROOT
from tests.warehouse.conftest import STORES, Both
from tests.warehouse.sample import cars, customers, fill, loans, payments

pytestmark = pytest.mark.flow


async def run(both: Both, *words: str) -> tuple[int, str, str]:
    """Run the program, while the proxy goes on."""
    environ = both.settings.environment() | {
        "WAREHOUSE_URL": both.url,
        "DEAL_HISTORY_DIR": str(both.folder / "history"),
    }
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "sync", "--rejects", str(both.folder / "rejects.csv"), *words),
        env=process_environment() | environ,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
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


def test_as_json_it_has_the_counts_of_each_kind() -> None:
    outcomes = {What.STOCK: Outcome(Tally(read=3, added=2, rejected=1), pages=1, complete=True)}

    told = json.loads(json.dumps(as_json(outcomes, 1.23456, statements=9, breaks=2)))

    assert (told["seconds"], told["statements"], told["breaks"]) == (1.235, 9, 2)
    assert told["kinds"] == {
        "stock": {
            **{"read": 3, "added": 2, "updated": 0, "unchanged": 0, "removed": 0, "superseded": 0},
            **{"rejected": 1, "doubtful": 0, "pages": 1, "complete": True, "compared": False},
        }
    }


@pytest.mark.parametrize(
    ("words", "url", "text"),
    [
        ((), "", "WAREHOUSE_URL: expected an address"),
        (("--what", "cars"), "postgresql://x", "--what cars: expected some of stock, customers, payments"),
        (("--hours", "late"), "postgresql://x", "--hours late: expected two hours"),
    ],
)
def test_what_cannot_work_ends_before_anything_starts(words: tuple[str, ...], url: str, text: str) -> None:
    ended = run_here("sync", *words, environ={"WAREHOUSE_URL": url})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert text in ended.stderr
