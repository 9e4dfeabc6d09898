"""Who comes back with a place in the log hears what was decided meanwhile, also where nobody told the log."""

import asyncio
import uuid
from pathlib import Path

import pytest

from client import Deal, Refreshed
from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged
from protocol.records import Actor, Role
from server.database.core.pool import connect_as_owner
from server.database.core.scope import everything
from server.database.decisions.edits.terms import change_terms
from server.settings import Settings
from tests.flow.shop import a_deal_of, connect, events_until, token_of
from tests.services import open_owner_pool, start_web

pytestmark = pytest.mark.flow
GUARD_SECONDS = 60.0


async def decide_untold(settings: Settings, deal: Deal, discount_cents: int) -> int:
    """Commit a decision as a process does that dies before it relays it; return the new version."""
    pool = await open_owner_pool(settings)
    async with pool:
        seller = await pool.fetchval(
            "SELECT salesperson_id FROM deals WHERE deal_id::text = $1", deal.state.id
        )
        decided = await change_terms(
            everything(pool),
            deal.state.id,
            op=uuid.uuid4(),
            based_on=deal.state.version,
            changes=StructureChanges(discount_cents=discount_cents),
            actor=Actor(id=str(seller), name="Ann", role=Role.SALESPERSON),
        )
    return decided.version


async def test_a_decision_that_nobody_relayed_is_told_to_who_comes_back(
    stocked: Settings, tmp_path: Path
) -> None:
    """Its process died with it, and no other watched the deal: the next join has it relayed, and its event
    follows the client's place.
    """
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with start_web(stocked, tmp_path) as doomed, connect(doomed.url, token) as workspace:
        deal = await workspace.join(channel)
        await doomed.kill()
        version = await decide_untold(stocked, deal, 12_300)
        async with start_web(stocked, tmp_path), asyncio.timeout(GUARD_SECONDS):
            (edit,) = await events_until(deal, lambda event: isinstance(event, DealChanged))
        assert isinstance(edit, DealChanged)
        assert (edit.version, deal.state.structure["discount_cents"]) == (version, 12_300)


async def test_a_database_that_went_back_is_noticed_by_who_comes_back(
    stocked: Settings, tmp_path: Path
) -> None:
    """What the client has seen was never decided: it gets a snapshot of what is, not a place in the log."""
    channel, token = await a_deal_of(stocked), await token_of(stocked, "riverside-manager")
    async with start_web(stocked, tmp_path) as doomed, connect(doomed.url, token) as workspace:
        deal = await workspace.join(channel)
        before = deal.state.version
        version = await deal.terms(StructureChanges(discount_cents=45_600))
        await events_until(deal, lambda event: isinstance(event, DealChanged))
        await doomed.kill()
        async with connect_as_owner(stocked.database_owner_url) as owner, owner.transaction():
            await owner.execute("ALTER TABLE deal_events DISABLE TRIGGER USER")
            await owner.execute(
                "DELETE FROM deal_events WHERE deal_id::text = $1 AND (body->>'version')::bigint = $2",
                deal.state.id,
                version,
            )
            await owner.execute("ALTER TABLE deal_events ENABLE TRIGGER USER")
            await owner.execute(
                "UPDATE deals SET version = $2, last_no = last_no - 1 WHERE deal_id::text = $1",
                deal.state.id,
                before,
            )
        async with start_web(stocked, tmp_path), asyncio.timeout(GUARD_SECONDS):
            while not isinstance(await anext(deal), Refreshed):
                pass
        assert deal.state.version == before
