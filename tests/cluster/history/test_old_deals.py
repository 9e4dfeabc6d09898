"""Deals keep the risk model that they were quoted with, through a calibration beside people who work."""

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import msgspec

from client import Deal
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.money.quotes import QuoteReply
from server.database.core.pool import connect_as_owner
from server.database.deals.pencils import all_pencils
from server.database.editions.versions import editions_in_force
from server.database.editions.writing import RISK, Edition, store_version
from server.history.aggregates.counts import History
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.flow.deals.test_audit import run_command
from tests.flow.desk import Both, open_both
from tests.history.books import known_model

TODAY = dt.datetime.now(dt.UTC).date()
BEFORE, AFTER = "half", "calibrated"
GUARD_SECONDS = 30.0


async def risk_of_yesterday(settings: Settings) -> None:
    """Bring a model into force in which losses are half of what the history says."""
    half = [msgspec.structs.replace(one, cnl=one.cnl / 2) for one in known_model().curves]
    edition = Edition(BEFORE, TODAY - dt.timedelta(days=1), is_sample=False)
    async with connect_as_owner(settings.database_owner_url) as owner, owner.transaction():
        await store_version(owner, RISK, edition, half)
        assert (await editions_in_force(owner, TODAY)).risk == BEFORE


async def pencils_by_risk(settings: Settings) -> dict[str, int]:
    """Return how many quotes there are of each version of the risk model; each comes out to the cent."""
    found: dict[str, int] = {}
    async with connect_as_owner(settings.database_owner_url) as owner:
        async for pencil in all_pencils(owner):
            found[pencil.versions.risk] = found.get(pencil.versions.risk, 0) + 1
        verified = await verify_pencils(owner)
    assert (verified.differences, verified.equal) == ([], sum(found.values()))
    return found


async def told_of(settings: Settings, deal: Deal) -> tuple[str, Any, list[Any]]:
    """Return what `replay` prints of the deal, and the events and quotes that `audit` lists."""
    audit = json.loads(await run_command(settings, "audit", deal.state.id))
    return await run_command(settings, "replay", deal.state.id), audit["events"], audit["pencils"]


async def quoted_by(both: Both, version: str, programme: str | None = None) -> QuoteReply:
    """Quote the deal's car, with the best programme or a given one, until it is valued by a version of the
    risk model: people hear of a new one soon.
    """
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            quote = await both.manager.quote(both.cars[0], programme_id=programme)
            if quote.versions.risk == version:
                return quote
            await asyncio.sleep(0.05)


async def test_old_deals_keep_their_risk_model(
    stocked: Settings, tmp_path: Path, known_history: tuple[Path, History]
) -> None:
    """`verify-pencils` and `replay` say what they said; a new quote is valued by the new model, for another
    NPV and the same payment.
    """
    await risk_of_yesterday(stocked)
    async with open_both(stocked, tmp_path) as both:
        await both.lender_approves(await both.submitted())
        await both.manager.desk.act(
            Action.COUNTER, Reason.PAYMENT_TOO_LOW, changes=StructureChanges(cash_down_cents=3_000_00)
        )
        await both.caught_up()
        best = await quoted_by(both, BEFORE)
        before = await quoted_by(both, BEFORE, best.programme_id)
        counted = await pencils_by_risk(stocked)
        assert counted.keys() == {BEFORE} and counted[BEFORE] > 1
        said, events, quotes = await told_of(stocked, both.manager)
        calibrating = ("calibrate", "--history", str(known_history[0]), "--as-of", "2022-01-15", "--yes")
        told = await run_command(stocked, *calibrating, "--version", AFTER, "--effective", str(TODAY))
        assert f"risk model {AFTER}: 40 rows, in force from {TODAY}" in told

        # The best programme may be another one now: a contract's value decides.
        after = await quoted_by(both, AFTER, before.programme_id)
        assert after.payment_cents == before.payment_cents
        assert after.value.npv_cents < before.value.npv_cents
        assert await pencils_by_risk(stocked) == counted | {AFTER: 1}
        said_now, events_now, quotes_now = await told_of(stocked, both.manager)
        assert (said_now, events_now) == (said, events)
        assert [quote for quote in quotes_now if quote in quotes] == quotes
        assert len(quotes_now) == len(quotes) + 1
