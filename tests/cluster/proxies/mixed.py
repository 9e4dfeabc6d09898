"""A stage with a web process and a worker of each of two releases, and who watches."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from server.settings import process_environment
from tests.cluster.proxies.next_release import make_next_release
from tests.faults.people.viewer import Channel, Viewer
from tests.faults.play import running
from tests.faults.servers import Server
from tests.faults.stage import Formation, Stage, open_stage
from tests.services import ROOT, free_port

GUARD_SECONDS = 40.0
VIEWS = {"manager": "manager", "sales": "sales", "customer": "sales"}
"""The views, and who asks for each."""


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


@asynccontextmanager
async def open_mixed() -> AsyncIterator[Mixed]:
    """Both releases on one stage."""
    async with open_stage(formation=Formation(webs=0, workers=0)) as stage:
        found = Mixed(stage, make_next_release(stage.folder / "next"))
        found.next_root.chmod(0o755)
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
