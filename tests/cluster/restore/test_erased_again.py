"""A backup from before an erasure is restored, and the erasure is repeated from a list kept apart."""

import asyncio
import io
import json
from pathlib import Path

import pytest
from pypdf import PdfReader

from protocol.deal.workflow import Action, Reason
from server.database.backups import back_up
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.commands.here import run_here
from tests.flow.desk import open_both
from tests.flow.privacy.test_erasure import figures, others
from tests.flow.privacy.told import WORDS, found_in_postgres, found_in_redis, open_stores, tell, tell_beside

STATED = tuple(word for word in WORDS if word != "zqstipulation")
"""What is told of a customer before any lender decides: after that, the records must be kept for a time."""

GONE = "00000000-0000-4000-8000-000000000000"


async def told_and_lost(settings: Settings, folder: Path, backup: Path) -> tuple[str, str, str]:
    """Work a deal, back it up while it is open, and lose it; return the deal, its customer and its car."""
    async with open_both(settings, folder) as both:
        await tell(both, f"http://127.0.0.1:{settings.port}")
        await tell_beside(both.run_sql, both.manager.state.id, both.manager.state.customer.id)
        await asyncio.to_thread(back_up, settings.database_owner_url, backup / "open")
        await both.sales.desk.act(Action.LOSE, Reason.BOUGHT_ELSEWHERE)
        await both.caught_up()
        return both.manager.state.id, both.manager.state.customer.id, both.cars[0]


def run(settings: Settings, *words: str, code: int = 0) -> str:
    """Run a command; return what it says."""
    done = run_here(*words, environ=settings.environment())
    assert done.returncode == code, done
    return done.stdout if code == 0 else done.stdout + done.stderr


def printed(settings: Settings, deal_id: str, car: str, folder: Path) -> str:
    """Return the text of a deal's proposal, in lower case."""
    path = folder / "deal.pdf"
    run(settings, "print", deal_id, "--cars", car, "-o", str(path))
    pages = PdfReader(io.BytesIO(path.read_bytes())).pages
    return "\n".join(page.extract_text() for page in pages).lower()


async def all_of(settings: Settings, deal_id: str, customer: str) -> tuple[object, ...]:
    """Return the deal's figures, everybody else's rows, and how many quotes are computed again as before."""
    async with open_stores(settings) as (owner, _):
        verified = await verify_pencils(owner)
        assert verified.equal > 3 and not verified.differences
        return await figures(owner, deal_id), await others(owner, customer), verified.equal


async def found(settings: Settings) -> set[str]:
    """Return the words about the customer that are in the database or in Redis."""
    async with open_stores(settings) as (owner, redis):
        there = [*await found_in_postgres(owner, STATED), *await found_in_redis(redis, STATED)]
    return {word for _, word in there}


def requests(settings: Settings) -> dict[str, tuple[str, str, bool]]:
    """Return the list of erasures: number, who entered it and whether it is done, by customer."""
    rows = map(json.loads, run(settings, "erasures").splitlines())
    return {row["customer_id"]: (row["request"], row["asked_by"], bool(row["erased_at"])) for row in rows}


async def lose(settings: Settings, deal_id: str) -> None:
    """Lose the deal that is open again."""
    async with open_stores(settings) as (owner, _):
        await owner.execute("UPDATE deals SET state = 'lost' WHERE deal_id = $1", deal_id)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_erasure_is_repeated_after_a_restore(stocked: Settings, tmp_path: Path) -> None:
    """Nothing told of the customer is left, figures and other customers are those of the backup, and the
    deal's paper names nobody. A backup in which the deal was open says what to do, and `retain` does it once
    the deal is over. Requests that nothing could be done for are in the next list, too.
    """
    deal_id, customer, car = asyncio.run(told_and_lost(stocked, tmp_path, tmp_path))
    before = asyncio.run(all_of(stocked, deal_id, customer))
    said = printed(stocked, deal_id, car, tmp_path)
    assert "zqname" in said
    run(stocked, "backup", str(tmp_path / "lost"))
    planned = run(stocked, "erase-customer", customer, "--request", "R-18", "--dry-run")
    assert "1 deals" in planned and "is erased" in planned
    asked = run(stocked, "erase-customer", customer, "--request", "R-18", "--by", "ann", "--yes")
    assert asked.splitlines()[-1] == "erased"
    assert asyncio.run(found(stocked)) == set()
    listed = tmp_path / "apart.jsonl"
    listed.write_text(run(stocked, "erasures"))
    # Somebody who came and was erased after the backup.
    gone = json.loads(listed.read_text()) | {"customer_id": GONE, "request": "R-19"}
    later = tmp_path / "later.jsonl"
    later.write_text(json.dumps(gone) + "\n")
    assert not any(word in listed.read_text().lower() for word in STATED)

    run(stocked, "restore", str(tmp_path / "lost"), "--replace")
    assert asyncio.run(found(stocked)) == set(STATED)
    assert run(stocked, "erasures") == ""
    said_again = run(stocked, "erase-again", str(listed), str(listed), str(later)).splitlines()
    assert sorted(said_again) == [
        "1 x erased",
        "1 x not in this database, and noted: nothing brings them back",
    ]
    assert asyncio.run(found(stocked)) == set()
    assert asyncio.run(all_of(stocked, deal_id, customer)) == before
    kept = printed(stocked, deal_id, car, tmp_path)
    assert "[erased]" in kept and not any(word in kept for word in STATED)
    assert kept.count("$") == said.count("$") > 5
    assert requests(stocked) == {customer: ("R-18", "ann", True), GONE: ("R-19", "ann", True)}

    run(stocked, "restore", str(tmp_path / "open"), "--replace")
    refused = run(stocked, "erase-again", str(listed), code=1)
    assert "1 x not erased yet: open deals" in refused and deal_id in refused
    assert asyncio.run(found(stocked)) == set(STATED)
    assert requests(stocked) == {customer: ("R-18", "ann", False)}
    assert "0 customers erased" in run(stocked, "retain", "--yes")
    asyncio.run(lose(stocked, deal_id))
    assert "1 customers erased" in run(stocked, "retain", "--yes")
    assert asyncio.run(found(stocked)) == set()
    assert requests(stocked) == {customer: ("R-18", "ann", True)}
