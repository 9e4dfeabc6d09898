"""A deal's history: it tells how the deal came to stand as it does, and how it stood at any time before."""

import asyncio
import csv
import io
import json
import sys
import uuid

import pytest

from protocol import codec
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.events import DealSnapshot
from server.database.core.pool import connect_as_owner
from server.database.deals.audit import audit_csv, audit_json
from server.database.deals.history import deal_at, load_history
from server.settings import Settings, process_environment
from tests.flow.desk import Both, seen
from tests.flow.shop import token_of
from tests.services import ROOT

pytestmark = pytest.mark.flow


async def run_command(settings: Settings, *arguments: str) -> str:
    """Run a command against the test's services and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        cwd=ROOT,
        env=process_environment() | settings.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def work(both: Both) -> list[DealSnapshot]:
    """Take a deal through many steps; return how the manager saw it after each event."""
    before = both.manager.state
    states = [before]
    offer = await both.submitted()
    await both.lender_approves(offer)
    await both.manager.desk.note("=HYPERLINK(1)")
    await both.manager.desk.lock("rate_bp")
    await both.manager.desk.act(
        Action.COUNTER, Reason.PAYMENT_TOO_LOW, changes=StructureChanges(cash_down_cents=3_000_00)
    )
    await both.sales.desk.hold(both.cars[1])
    await both.sales.desk.pin(both.cars[1])
    await both.sales.desk.release(both.cars[1])
    await both.sales.desk.unpin(both.cars[1])
    await both.manager.desk.unlock("rate_bp")
    await both.sales.scenarios.add("More down", changes=StructureChanges(discount_cents=0))
    await both.sales.scenarios.remove(await both.manager.scenarios.add())
    await both.sales.desk.act(Action.LOSE, Reason.BANKRUPTCY)
    await both.agree(lambda deal: deal.state == "lost" and not deal.holds)
    await seen(both.manager, lambda deal: bool(deal.tasks))
    states.append(both.manager.state)
    return states


async def test_a_replay_ends_where_the_deal_stands(both: Both, stocked: Settings) -> None:
    """Folding every event gives what managers see now; folding some gives what they saw then."""
    begun, now = await work(both)
    async with connect_as_owner(stocked.database_owner_url) as database:
        history = await load_history(database, now.id)
    assert history is not None
    last = len(history.events)
    replayed = deal_at(history, last)
    assert replayed.structure == now.structure
    assert replayed.scenarios and replayed.scenarios == now.scenarios
    for field in ("version", "state", "selected", "pins", "locks", "holds", "notes", "lenders", "tasks"):
        assert getattr(replayed, field) == getattr(now, field), field
    then = deal_at(history, begun.version)
    assert (then.version, then.structure, then.selected) == (begun.version, begun.structure, None)
    assert [deal_at(history, no).version for no in range(last + 1)] == sorted(
        deal_at(history, no).version for no in range(last + 1)
    )
    with pytest.raises(IndexError):
        deal_at(history, last + 1)
    printed = json.loads(await run_command(stocked, "replay", now.id, "--at", str(last)))
    assert printed == codec.decode(codec.encode(replayed))


async def test_the_audit_lists_everything(both: Both, stocked: Settings) -> None:
    """JSON and CSV hold every event with who and when, and every pencil; no cell is a formula."""
    await both.manager.quote(both.cars[2])
    _, now = await work(both)
    whole = json.loads(await run_command(stocked, "audit", now.id))
    assert [event["no"] for event in whole["events"]] == list(range(1, len(whole["events"]) + 1))
    assert all(event["by"]["name"] and event["at"] for event in whole["events"])
    kinds = {event["kind"] for event in whole["events"]}
    assert {
        *("deal_changed", "offer_selected", "state_changed", "lender_decided", "note_added", "field_locked"),
        *(
            "vehicle_held",
            "vehicle_released",
            "offer_pinned",
            "offer_unpinned",
            "field_unlocked",
            "task_raised",
        ),
    } <= kinds
    assert any(pencil["vehicle_id"] == both.cars[2] for pencil in whole["pencils"])
    rows = list(csv.DictReader(io.StringIO(await run_command(stocked, "audit", now.id, "--format", "csv"))))
    assert len(rows) == len(whole["events"]) + len(whole["pencils"])
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


async def test_an_old_note_does_not_turn_the_audit_round(stocked: Settings) -> None:
    """What an older release stored is listed as it is, with characters that nobody sees spelt out."""
    text = "was \u202e000,51\u202c, \u2066=1+1\u2069"
    async with connect_as_owner(stocked.database_owner_url) as owner:
        deal = await owner.fetchval("SELECT deal_id::text FROM deals WHERE store_id = 'riverside' LIMIT 1")
        await owner.execute(
            "INSERT INTO deal_events (deal_id, no, op, kind, body, reply)"
            " VALUES ($1, 1, gen_random_uuid(), 'note_added', $2, '{}')",
            uuid.UUID(deal),
            {"id": "n", "text": text, "by": {"id": "a", "name": "\u202eann", "role": "salesperson"}},
        )
        history = await load_history(owner, deal)
    assert history is not None
    written = audit_json(history).decode()
    assert json.loads(written)["events"][0]["text"] == text
    (row,) = csv.DictReader(io.StringIO(audit_csv(history)))
    assert row["by_name"] == "\\u202eann"
    assert json.loads(row["detail"])["text"] == text
    for shown in (written, *row.values()):
        assert not set(shown) & set("\u202e\u202c\u2066\u2069")


async def test_managers_download_it(both: Both, stocked: Settings) -> None:
    """Over HTTP it is for managers of the deal's store; others do not learn more than they must."""
    path = f"/api/deals/{both.manager.state.id}/audit?format=csv"
    for login, status in (
        ("riverside-manager", 200),
        ("riverside-sales", 403),
        ("northgate-manager", 404),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", stocked.port)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Authorization: Bearer {await token_of(stocked, login)}\r\n\r\n"
        )
        writer.write(request.encode())
        answer = (await reader.read()).decode()
        writer.close()
        assert answer.startswith(f"HTTP/1.1 {status} "), login
