"""A rolling upgrade: this release and the next one share Postgres, Redis, deals and the queue.

Which is the older one does not matter to what is shown here: a process meets additions that it does not know, in the
log, in the deal, in jobs and in searches, and a client meets a server without them.
"""

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from client import Workspace
from protocol.closing import CommandError
from server.database.core.pool import connect_as_owner
from server.settings import process_environment
from server.work.queue import DEAD_KEY
from tests.cluster.proxies.next_release import make_next_release
from tests.faults.judging.record import Heard
from tests.faults.people.viewer import Channel, Viewer
from tests.faults.play import running
from tests.faults.servers import Server
from tests.faults.stage import Formation, Stage, open_stage
from tests.services import ROOT, free_port

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
GUARD_SECONDS = 40.0
VIEWS = {"manager": "manager", "sales": "sales", "customer": "sales"}
"""The views, and who asks for each."""

ADDED = ("mood", "why", "promo", "paint")
"""Fields of the next release, which no view of this one lists."""


class Reader(Viewer):
    """A viewer that keeps what came, as it came."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.frames: list[str] = []

    def _take(self, frame: str | bytes) -> list[Channel]:
        self.frames.append(frame if isinstance(frame, str) else frame.decode())
        return super()._take(frame)

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a type."""
        lines = [orjson.loads(line) for frame in self.frames for line in frame.split("\n")]
        return [line for line in lines if line["type"] == kind]


@dataclass(slots=True)
class Mixed:
    """A stage with a web process and a worker of each release."""

    stage: Stage
    next_root: Path
    webs: dict[str, Server] = field(default_factory=dict)
    workers: dict[str, Server] = field(default_factory=dict)

    def reader(self, release: str, view: str, channel: str) -> Reader:
        """Return somebody who watches a deal through a release."""
        token = self.stage.tokens[f"riverside-{VIEWS[view]}"]
        return Reader(f"{release} {view}", [self.webs[release].url], token, {channel: view})

    @asynccontextmanager
    async def watched(
        self, channel: str, releases: tuple[str, ...] = ("this", "next")
    ) -> AsyncIterator[dict[tuple[str, str], Reader]]:
        """Let somebody watch in each view through each release."""
        readers = {(one, view): self.reader(one, view, channel) for one in releases for view in VIEWS}
        async with AsyncExitStack() as stack:
            for reader in readers.values():
                await stack.enter_async_context(running(reader.run()))
            await until(lambda: all(reader.is_live for reader in readers.values()))
            yield readers

    def command(self, release: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``deal-architect`` of a release; return how it went."""
        settings = self.stage.settings
        environment = process_environment() | settings.environment()
        environment["DATABASE_OWNER_URL"] = settings.database_owner_url
        return subprocess.run(
            [sys.executable, "-m", "server", *words],
            cwd=ROOT if release == "this" else self.next_root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mixed() -> AsyncIterator[Mixed]:
    """Both releases on one stage."""
    async with open_stage(formation=Formation(webs=0, workers=0)) as stage:
        found = Mixed(stage, make_next_release(stage.folder / "next"))
        os.chmod(stage.folder / "next", 0o755)
        for release, root in (("this", ROOT), ("next", found.next_root)):
            for kind, group in (("web", found.webs), ("worker", found.workers)):
                data = stage.folder / "hosts" / release
                data.mkdir(parents=True, exist_ok=True)
                own = replace(stage.settings, port=free_port(), data_dir=data)
                program = (root, "server.run.processes")
                group[release] = Server(f"{kind}-{release}", kind, own, stage.folder, {}, program=program)
        servers = [*found.webs.values(), *found.workers.values()]
        try:
            await asyncio.gather(*(server.open() for server in servers))
            yield found
        finally:
            await asyncio.gather(*(server.close() for server in servers))


async def until(holds: Any) -> None:
    """Return once something holds that viewers bring about."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not holds():  # noqa: ASYNC110 - viewers tell nobody
            await asyncio.sleep(0.02)


async def well(reader: Reader, kind: str, channel: str, **fields: Any) -> dict[str, Any]:
    """Give a command that changes something; return the data of its answer."""
    reply = await reader.ask({"type": kind, "channel": channel, "op": str(uuid.uuid4()), **fields})
    assert reply["ok"], reply
    data: dict[str, Any] = reply["data"]
    return data


def version_of(reader: Reader, channel: str) -> int:
    """Return the version on a screen."""
    screen = reader.channels[channel].screen
    return 0 if screen is None else screen.version


async def settled(readers: dict[tuple[str, str], Reader], channel: str) -> None:
    """Return once everybody has heard the last event that anybody has."""

    def all_have() -> bool:
        heads = {reader.channels[channel].seq for reader in readers.values()}
        return len(heads) == 1

    await asyncio.sleep(0.3)
    await until(all_have)


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


async def test_a_search_of_the_newer_release_is_taken_over_by_the_older(mixed: Mixed) -> None:
    """Its process dies in the middle; filters and columns that the other does not know do not stop it."""
    (channel,) = mixed.stage.next_deals(1)
    async with mixed.watched(channel, ("this",)) as readers:
        watching = readers["this", "manager"]
        for attempt in itertools.count():
            giving = mixed.reader("next", "manager", channel)
            async with running(giving.run()):
                await until(lambda giving=giving: giving.is_live)
                filters = {"paint": "red", "price_max_cents": 90_000_000 + attempt}
                found = await well(giving, "search", channel, filters=filters, limit=500)
                await mixed.webs["next"].kill()
            ended = lambda: [
                e for e in watching.messages("search_ended") if e["search_id"] == found["search_id"]
            ]  # noqa: B023, E731
            await until(ended)
            if "taken over" in mixed.webs["this"]._log.read_text() or attempt == 3:
                break
        await until(
            lambda: any(e["search_id"] == found["search_id"] for e in watching.messages("search_valued"))
        )


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
