"""Measure what it costs to tell everybody, against two systems that people use for it.

Django Channels serves by uvicorn as ours does, and is told through Redis by another process as ours is.
Socket.IO tells its sockets from its own memory: the road through Redis, which ours takes, is not on its bill.
Neither keeps a log of events from which a client that was away catches up. Only the processor time of the
serving process counts.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.settings import process_environment
from tests.bench import goals
from tests.bench.clients.audience import Audience, Seats, seated
from tests.bench.fanout import MARKER, SIZES, WATCHERS, Hub, deliveries_per_second, open_ours, seats_of
from tests.bench.installing import SOURCES, NotInstalled, node_with, python_with
from tests.bench.results.figures import Figure, Report, median
from tests.bench.stage import stock, until_answered
from tests.services import Services, free_port

CARS: Final = 200


@dataclass(slots=True)
class Told:
    """A peer's hub, and the process that is told to tell: the hub itself, or another."""

    hub: asyncio.subprocess.Process
    teller: asyncio.subprocess.Process
    seats: Seats
    token: str = ""

    @property
    def pid(self) -> int:
        """The id of the process whose time counts."""
        return self.hub.pid

    async def tell(self, events: int, size: int) -> None:
        """Order so many events of a size."""
        assert self.teller.stdin is not None
        self.teller.stdin.write(b"%d %d\n" % (events, size))
        await self.teller.stdin.drain()


@dataclass(frozen=True, slots=True)
class Peer:
    """A system to compare with. ``install`` raises NotInstalled; what it returns opens the hub."""

    name: str
    goal: float
    install: Callable[[str], AbstractAsyncContextManager[Told]]


def channels(redis_url: str) -> AbstractAsyncContextManager[Told]:
    """Install Django Channels."""
    return _open_channels(python_with("channels.txt"), redis_url)


def socket_io(_redis_url: str) -> AbstractAsyncContextManager[Told]:
    """Install Socket.IO."""
    return _open_socket_io(*node_with("socket_io_hub.mjs"))


PEERS = (
    Peer("Django Channels with channels_redis", goals.DELIVERIES_CHANNELS, channels),
    Peer("Socket.IO on node", goals.DELIVERIES_SOCKET_IO, socket_io),
)


async def measure(services: Services, folder: Path, repeats: int) -> Report:
    """Measure ours and each peer in turns."""
    stage = await stock(services, folder, CARS)
    found: list[Figure] = []
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(open_ours(stage, folder))
        hubs: list[tuple[Peer, Hub | NotInstalled]] = []
        for peer in PEERS:
            try:
                opening = await asyncio.to_thread(peer.install, services.redis_url)
            except NotInstalled as error:
                hubs.append((peer, error))
            else:
                hubs.append((peer, await stack.enter_async_context(opening)))
        for watchers in WATCHERS:
            found += await _measure_watchers(ours, hubs, watchers, repeats)
    return found, ["Socket.IO's road has no Redis in it, ours and that of Channels have."]


async def _measure_watchers(
    ours: Hub, hubs: list[tuple[Peer, Hub | NotInstalled]], watchers: int, repeats: int
) -> list[Figure]:
    async with AsyncExitStack() as stack:

        async def seat(hub: Hub) -> Callable[[int], Awaitable[float]]:
            audience: Audience = await stack.enter_async_context(seated(seats_of(hub, watchers), hub.token))
            return lambda size: deliveries_per_second(hub, audience, watchers, 1, size)

        mine = await seat(ours)
        theirs = {peer.name: await seat(hub) for peer, hub in hubs if not isinstance(hub, NotInstalled)}
        figures: list[Figure] = []
        for size in SIZES:
            rates: list[float] = []
            others: dict[str, list[float]] = {name: [] for name in theirs}
            for _ in range(1 + repeats):
                rates.append(await mine(size))
                for name, rate in theirs.items():
                    others[name].append(await rate(size))
            for peer, hub in hubs:
                samples = tuple(others.get(peer.name, ())[1:])
                figures.append(
                    Figure(
                        f"deliveries against {peer.name.split()[0]}, {watchers} watchers, {size / 1024:g} KB",
                        "1/CPU-s",
                        median(rates[1:]),
                        median(samples) if samples else None,
                        f"{peer.name}: not measured, {hub}" if isinstance(hub, NotInstalled) else peer.name,
                        peer.goal,
                        rate=True,
                        samples=tuple(rates[1:]),
                        floor_samples=samples,
                    )
                )
        return figures


@asynccontextmanager
async def _open_channels(python: Path, redis_url: str) -> AsyncIterator[Told]:
    port, script = free_port(), str(SOURCES / "channels_hub.py")
    environment = process_environment() | {"BENCH_REDIS_URL": redis_url}
    async with (
        _running(environment, str(python), script, "serve", str(port)) as hub,
        _running(environment, str(python), script, "tell") as teller,
    ):
        await until_answered(port, "/")
        yield Told(hub, teller, Seats(port=port, watchers=0, marker=MARKER, path="/ws", ready="ready"))


@asynccontextmanager
async def _open_socket_io(node: Path, script: Path) -> AsyncIterator[Told]:
    port = free_port()
    async with _running(process_environment(), str(node), str(script), str(port)) as hub:
        await until_answered(port, "/")
        seats = Seats(
            port=port,
            watchers=0,
            marker=MARKER,
            path="/socket.io/?EIO=4&transport=websocket",
            hello=["40"],
            ready="40{",
            answers={"2": "3"},
        )
        yield Told(hub, hub, seats)


@asynccontextmanager
async def _running(environment: dict[str, str], *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program for the length of the context."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        # Channels says much when hundreds of sockets close at once.
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
