"""A rolling upgrade: this release and the next one share Postgres, Redis, deals and the queue.

A process meets additions that it does not know: in the log, a deal, jobs, searches. A client meets a server
without them.
"""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from client import Workspace
from server.database.core.pool import connect_as_owner
from server.settings import process_environment
from server.work.queue import DEAD_KEY
from tests.cluster.proxies.mixed import GUARD_SECONDS, Mixed, open_mixed, settled, until, version_of, well
from tests.faults.judging.record import Heard
from tests.faults.play import running

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
ADDED = ("mood", "why", "promo", "paint")
"""Fields of the next release, which no view of this one lists."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mixed() -> AsyncIterator[Mixed]:
    """Both releases on one stage."""
    async with open_mixed() as opened:
        yield opened


async def test_additions_pass_through_and_are_not_shown(mixed: Mixed) -> None:
    """Everybody hears every event once; a process shows nobody but managers what it does not know."""
    (channel,) = mixed.stage.next_deals(1)
    async with mixed.watched(channel) as readers:
        old, new = readers["this", "manager"], readers["next", "manager"]
        await well(new, "note", channel, text="one", mood="glad")
        await well(new, "flag", channel, why="because")
        await well(new, "terms", channel, version=version_of(new, channel), changes={"promo": "spring"})
        await well(old, "note", channel, text="two")
        await well(
            old, "terms", channel, version=version_of(old, channel), changes={"discount_cents": 12_300}
        )
        await well(old, "search", channel, filters={}, limit=50)
        await well(new, "search", channel, filters={"paint": "red"}, limit=50)
        await until(lambda: all(len(one.messages("search_valued")) for one in readers.values()))
        await settled(readers, channel)
        assert {version_of(one, channel) for one in readers.values()} == {version_of(new, channel)}
        for (release, view), reader in readers.items():
            heard = [entry.seq for entry in reader.record.entries if isinstance(entry, Heard)]
            assert heard == list(range(heard[0], heard[0] + len(heard)))
            (flagged,) = reader.messages("deal_flagged")
            assert flagged["version"] > 0
            text = "".join(reader.frames)
            if release == "this" and view != "manager":
                assert not [name for name in ADDED if f'"{name}"' in text]
            if release == "next" and view == "sales":
                assert "glad" in text and "because" in text
            if view == "customer":
                assert "glad" not in text
    async with connect_as_owner(mixed.stage.settings.database_owner_url) as owner:
        key = channel.partition(":")[2]
        kept = await owner.fetchval("SELECT structure FROM deals WHERE deal_id::text = $1", key)
    assert (kept["promo"], kept["discount_cents"]) == ("spring", 12_300), (
        "an edit of the older one loses nothing"
    )
    async with mixed.watched(channel) as fresh:
        assert len({version_of(one, channel) for one in fresh.values()}) == 1
        snapshots = [
            one.messages("reply")[0]["data"]["snapshot"]
            for (_, view), one in fresh.items()
            if view == "manager"
        ]
        assert [[note["text"] for note in each["deal"]["notes"]][-2:] for each in snapshots] == [
            ["one", "two"]
        ] * 2


@pytest.mark.parametrize(("web", "worker"), [("next", "this"), ("this", "next")])
async def test_jobs_of_one_release_are_valued_by_the_other(mixed: Mixed, web: str, worker: str) -> None:
    """A job has fields that the worker does not know, or lacks those that it does."""
    (channel,) = mixed.stage.next_deals(1)
    idle = mixed.workers["this" if worker == "next" else "next"]
    idle.freeze()
    try:
        async with mixed.watched(channel, (web,)) as readers:
            manager = readers[web, "manager"]
            if web == "next":
                await well(
                    manager, "terms", channel, version=version_of(manager, channel), changes={"promo": "fall"}
                )
            await well(manager, "search", channel, filters={"price_max_cents": 7_777_777}, limit=100)
            await until(lambda: len(manager.messages("search_valued")) > 0)
            assert manager.messages("search_valued")[-1]["failed"] == 0
            assert sum(event["rows"] for event in manager.messages("offers")) > 0
    finally:
        idle.thaw()
    with mixed.stage.redis.client() as redis:
        assert redis.xlen(DEAD_KEY) == 0


async def test_a_search_of_the_newer_release_outlives_its_process(mixed: Mixed) -> None:
    """The older one sees it to its end, with filters and columns that it does not know."""
    (channel,) = mixed.stage.next_deals(1)
    async with mixed.watched(channel, ("this",)) as readers:
        watching = readers["this", "manager"]
        giving = mixed.reader("next", "manager", channel)
        async with running(giving.run()):
            await until(lambda: giving.is_live)
            filters = {"paint": "red", "price_max_cents": 90_000_000}
            search_id = (await well(giving, "search", channel, filters=filters, limit=500))["search_id"]
            await mixed.webs["next"].kill()

        def has_come(kind: str) -> bool:
            return any(event["search_id"] == search_id for event in watching.messages(kind))

        await until(lambda: has_come("search_ended") and has_come("search_valued"))


async def test_programs_of_both_releases_work_on_both(mixed: Mixed) -> None:
    """What a server does not know is not sent to it; what a program does not know is passed over."""
    (channel,) = mixed.stage.next_deals(1)
    token = mixed.stage.tokens["riverside-manager"]
    async with Workspace.connect(mixed.webs["next"].url, token) as workspace:
        deal = await workspace.join(channel)
        async with mixed.watched(channel, ("next",)) as readers:
            new = readers["next", "manager"]
            await well(new, "flag", channel, why="because")
            await well(new, "note", channel, text="three", mood="calm")
            await well(new, "search", channel, filters={"paint": "red"}, limit=20)
            async with asyncio.timeout(GUARD_SECONDS):
                async for event in deal:
                    if type(event).__name__ == "SearchEnded":
                        break
            assert deal.state.version == version_of(new, channel)
            assert [note.text for note in deal.state.notes][-1:] == ["three"]
        await deal.desk.note("four")
    script = f"""
import asyncio, sys
from client import Workspace
from protocol.commands import Flag
from protocol.closing import CommandError
import uuid

async def main():
    async with Workspace.connect({mixed.webs["this"].url!r}, {token!r}) as workspace:
        deal = await workspace.join({channel!r})
        await deal.desk.note("five")
        try:
            await deal.desk._send(Flag, None, why="because")
        except CommandError as error:
            print(error.code, flush=True)

asyncio.run(main())
"""
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script],
        cwd=mixed.next_root,
        env=process_environment() | {"PYTHONPATH": str(mixed.next_root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == "degraded", ran.stderr


async def test_records_are_read_by_both(mixed: Mixed) -> None:
    """The audit lists an unknown event; a replay over it says what to do; quotes are verified by both."""
    (channel,) = mixed.stage.next_deals(1)
    deal = channel.partition(":")[2]
    async with mixed.watched(channel, ("next",)) as readers:
        flagged_at = (await well(readers["next", "manager"], "flag", channel, why="because"))["version"]
    ran = {}
    for release, words in itertools.product(
        ("this", "next"), (("audit", deal), ("replay", deal), ("verify-pencils",))
    ):
        ran[release, words[0]] = await asyncio.to_thread(mixed.command, release, *words)
    for release in ("this", "next"):
        assert "deal_flagged" in ran[release, "audit"].stdout, ran[release, "audit"].stderr
        assert ran[release, "verify-pencils"].returncode == 0, ran[release, "verify-pencils"].stderr
    assert orjson.loads(ran["next", "replay"].stdout)["version"] == flagged_at
    assert ran["this", "replay"].returncode == 1
    assert "deal_flagged" in ran["this", "replay"].stderr
    assert "newer release" in ran["this", "replay"].stderr


async def test_an_open_page_hears_that_there_is_a_newer_one(mixed: Mixed) -> None:
    """Its server says which page it serves: after a move to the other release that is another one."""
    (channel,) = mixed.stage.next_deals(1)
    async with mixed.watched(channel) as readers:
        builds = {
            release: readers[release, "sales"].messages("welcome")[0]["page_build"]
            for release in ("this", "next")
        }
    assert all(builds.values())
    assert builds["this"] != builds["next"]
