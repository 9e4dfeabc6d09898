"""Every mode against real processes: short, side by side, each on deals of its own."""

import asyncio
from pathlib import Path

import pytest

from client.load.clients.wire import Target
from client.load.judging.conditions import parse_conditions
from client.load.judging.result import Exit, Result
from client.load.planning.plan import Mode, planned
from client.load.reporting.report import page
from client.load.running.driver import Job, Listener, Outcome, measure
from protocol import codec
from protocol.rights import TokenScope
from server.clock import utc_now
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.settings import Settings
from tests.services import start_together

pytestmark = pytest.mark.flow
SMALL = {
    Mode.STEADY: {"salespeople": 2, "watchers": 3, "rate": 7.0},
    Mode.SEARCH: {"salespeople": 2, "watchers": 1, "rate": 4.0},
    Mode.FANOUT: {"watchers": 6, "processes": 2},
    Mode.IDLE: {"watchers": 8, "deals": 2},
    Mode.JITTER: {"watchers": 4, "deals": 1, "jitter_every": 0.6, "jitter_away": 0.1},
    Mode.AVALANCHE: {"watchers": 4, "deals": 1},
    Mode.SLOW_READER: {"watchers": 4, "slow": 1},
}


async def tokens_of(settings: Settings) -> list[str]:
    """Issue a salesperson's and a manager's tokens that may put on load."""
    made = []
    async with connect_as_owner(settings.database_owner_url) as database:
        for login in ("riverside-sales", "riverside-manager"):
            account = await find_by_login(database, login)
            assert account is not None
            made.append(
                await issue_credential(
                    database, account.id, CredentialKind.BEARER, HOUR, scopes=frozenset(TokenScope)
                )
            )
    return made


HOUR = utc_now().resolution * 3_600_000_000


async def test_every_mode_runs_and_every_view_is_right(stocked: Settings, tmp_path: Path) -> None:
    """Each measures what it is for, and checks all of its clients; the deals are lost in the end."""
    async with start_together(stocked, tmp_path) as [web]:
        target, tokens = Target.of(web.url), await tokens_of(stocked)
        listener = Listener(lambda what, done, total: None, lambda plan: None, lambda tick: None)

        async def run(mode: Mode) -> tuple[Job, Result, int]:
            plan = planned(mode, ramp=0.4, steady=1.6, drain=0.0, matches=40, **SMALL[mode])
            job = Job(plan, target, tokens, parse_conditions("errors<1%", "reply", "--require"))
            return job, *await measure(job, plan, job.required, listener, asyncio.Event())

        done = await asyncio.gather(*(run(mode) for mode in Mode))
    for job, result, left in done:
        assert result.findings.details == []
        assert result.checked == result.tally.totals["clients"] == job.plan.sockets
        assert left == 0
        assert result.tally.refused == {}
        assert result.exit in {Exit.FINE, Exit.SATURATED}, result.verdict
    by_mode = {job.plan.mode: result for job, result, _ in done}
    assert by_mode[Mode.STEADY].tally.answered["terms"] > 0
    assert by_mode[Mode.SEARCH].latencies.count("first_matches") > 0
    assert by_mode[Mode.FANOUT].latencies.count("seen") > 0
    assert len(by_mode[Mode.FANOUT].strains) == 2
    assert by_mode[Mode.IDLE].latencies.count("ping") > 0
    assert by_mode[Mode.JITTER].tally.totals["joins resumed"] > 0
    assert by_mode[Mode.AVALANCHE].tally.closes["dropped by us"] > 0
    assert by_mode[Mode.SLOW_READER].tally.slow["stopped reading"] == 1
    job, result, _ = done[0]
    for each, found, _ in done:
        codec.encode(Outcome(each, found, utc_now()).plain())
    text = page(Outcome(job, result, utc_now()).plain())
    assert "<svg" in text
    assert "<script" not in text
    assert "http://" not in text.replace(target.http, "")
