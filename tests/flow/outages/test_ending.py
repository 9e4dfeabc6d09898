"""A process that is told to end ends in time, whatever hangs, and its log says what hung."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from protocol.events import Matches
from server.database.core.migrate import migrate
from server.database.sample.seed import seed
from server.embedded import EmbeddedServices
from server.embedded.process import listener
from server.settings import Settings
from server.work.queue import JOBS_KEY
from tests.flow.searches.searching import STOCK
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.services import (
    Process,
    Services,
    answers,
    free_port,
    open_folder,
    settings_for,
    start_web,
    start_worker,
)

pytestmark = pytest.mark.flow

BOUND_SECONDS = 25.0
"""Long: the bound of the processes themselves is about ten. Before it there was none."""


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[Settings, Path]]:
    """Settings for services that this file may stop, and the folder of their sockets."""
    with open_folder(in_memory=True) as folder, EmbeddedServices(folder / "data", fleeting=True) as embedded:
        services = Services(embedded)
        with services.database() as database:
            migrate(database.owner_url)
            asyncio.run(seed(database.owner_url, STOCK))
            yield settings_for(database, services.redis_url, free_port()), folder / "data" / "run"


@contextmanager
def stopped(socket: Path) -> Iterator[None]:
    """Stop whoever listens there, with all its children, as a machine that hangs would."""
    pid = listener(socket)
    assert pid is not None
    pids = [pid]
    try:
        tell(pid, signal.SIGSTOP)  # first, so that it starts no other meanwhile
        pids += [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for one in pids[1:]:
            tell(one, signal.SIGSTOP)
        yield
    finally:
        for one in pids:
            tell(one, signal.SIGCONT)


def tell(pid: int, number: signal.Signals) -> None:
    """Send a signal; a server's helper may have been about to end."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


async def end(process: Process) -> tuple[int, list[dict[str, Any]]]:
    """Tell a process to end; return its exit code and what it logged."""
    process.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(BOUND_SECONDS):
        code = await process.process.wait()
    lines = [line for line in process.output().splitlines() if line.startswith("{")]
    return code, [json.loads(line) for line in lines]


def cut_off(log: list[dict[str, Any]]) -> str:
    """Return everything that the log says was cut off."""
    return " ".join(str(line["what"]) for line in log if line["event"] == "cut off")


async def job_is_held(settings: Settings) -> bool:
    """Return whether a worker has a job in hand."""
    async with Redis.from_url(settings.redis_url) as redis:
        return any(group["pending"] for group in await redis.xinfo_groups(JOBS_KEY))


@pytest.fixture(params=[".s.PGSQL.5432", "redis.sock"], ids=["postgres", "redis"])
def hung(request: pytest.FixtureRequest, own: tuple[Settings, Path]) -> Path:
    """The socket of the service that hangs."""
    return own[1] / str(request.param)


async def test_a_web_process_ends_while_a_service_hangs(
    own: tuple[Settings, Path], hung: Path, tmp_path: Path
) -> None:
    """With a search under way and a client connected: it ends in good order, and names what it cut off."""
    settings, _ = own
    channel, token = await a_deal_of(settings), await token_of(settings, "riverside-manager")
    async with start_web(settings, tmp_path) as web, connect(web.url, token) as workspace:
        deal = await workspace.join(channel)
        await deal.terms(EASY)
        with stopped(hung):
            asking = asyncio.create_task(deal.search(limit=300))
            # It has read what came before these.
            for _ in range(3):
                assert await answers(settings.port, "/healthz")
            code, log = await end(web)
            asking.cancel()
        assert code == 0
        assert [line for line in log if line["event"] == "drained in part"]
        assert ("postgres pool" if "PGSQL" in hung.name else "searches") in cut_off(log)


async def test_a_worker_ends_while_a_service_hangs(
    own: tuple[Settings, Path], hung: Path, tmp_path: Path
) -> None:
    """With a job in hand that waits for the rate sheet, or none in reach: it ends, and names the job."""
    settings, _ = own
    channel, token = await a_deal_of(settings), await token_of(settings, "riverside-manager")
    async with (
        start_web(settings, tmp_path) as web,
        connect(web.url, token) as workspace,
    ):
        deal = await workspace.join(channel)
        await deal.terms(EASY)
        await deal.search(limit=300)
        await events_until(deal, lambda event: isinstance(event, Matches))
    if "PGSQL" in hung.name:
        with stopped(hung):
            async with start_worker(settings, tmp_path) as worker:
                async with asyncio.timeout(BOUND_SECONDS):
                    while not await job_is_held(settings):  # noqa: ASYNC110 - Redis tells nobody
                        await asyncio.sleep(0.01)
                code, log = await end(worker)
    else:
        async with start_worker(settings, tmp_path) as worker:
            with stopped(hung):
                code, log = await end(worker)
    assert code == 0
    assert "job in hand" in cut_off(log)
