"""A socket that another process takes over: two servers in the test's loop, as two processes have."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from socket import create_server
from typing import Any, cast

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.hub.sockets.limits import FRAME_BYTES
from server.hub.sockets.wire import EXTENSION
from server.observe.metrics.tally import Tally
from server.web.asgi.arrival import TimedHttp
from server.web.asgi.passing import PassableWebSocket
from server.web.asgi.server import DrainingServer
from server.web.handover.passing import Outcome
from server.web.handover.routing import Routing
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover
from tests.fuzz.wire import TEXT, frame
from tests.web.asgi.test_frames import UPGRADE

GUARD_SECONDS = 60.0


class Stores:
    """Two stores, one for each process; in a list that is ``reversed``, the other one."""

    def __init__(self) -> None:
        self.reversed = False

    async def place_of(self, store_id: str) -> tuple[int, int]:
        return int(store_id) ^ self.reversed, 2


class Site:
    """A web process: it says its number to whom it serves, and repeats what it hears."""

    def __init__(self, folder: Path) -> None:
        self.handover = Handover(folder)
        self.stores = Stores()
        self.routing = Routing(self.handover, cast(StoreList, self.stores))
        self.drained = asyncio.Event()
        self.heard: list[dict[str, Any]] = []
        self.port = 0
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            ws=PassableWebSocket,
            http=TimedHttp,
            lifespan="off",
            log_config=None,
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self.server = DrainingServer(config, "", self._drain, int, int, handover=self.handover)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve on a free port."""
        with create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            # Without uvicorn's signal handlers.
            served = asyncio.create_task(self.server._serve(sockets=[listener]))
            try:
                while not self.server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
                yield
            finally:
                self.drained.set()
                self.server.should_exit = True
                await served

    async def _drain(self) -> None:
        await self.drained.wait()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.heard.append({**scope})
        store_id = scope["path"].strip("/")
        if await self.routing.pass_on(store_id, scope):
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": str(self.handover.number)})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


@pytest.fixture
async def sites(tmp_path: Path) -> AsyncIterator[list[Site]]:
    """Two web processes of one machine."""
    async with AsyncExitStack() as stack:
        running = [Site(tmp_path), Site(tmp_path)]
        for site in running:
            await stack.enter_async_context(site.running())
        yield running


def url(site: Site, store: int) -> str:
    """Return where a socket of a store comes in."""
    return f"ws://127.0.0.1:{site.port}/{store}?a=b"


@pytest.mark.parametrize("store", [0, 1])
async def test_whoever_accepts_the_same_process_serves(sites: list[Site], store: int) -> None:
    """The client notices nothing; the application gets the request as it was, with the client's address."""
    for site in sites:
        async with connect(url(site, store), additional_headers={"X-Trial": "grün"}) as client:
            assert await client.recv() == str(store + 1)
            await client.send("hello")
            assert await client.recv() == "hello"
            address = client.local_address[:2]
        first, last = site.heard[-1], sites[store].heard[-1]
        assert first["client"] == last["client"] == address
        for name in ("path", "raw_path", "query_string", "headers", "subprotocols"):
            assert first[name] == last[name]
    counts = Tally("given", "taken", "late", "moved")
    for site in sites:
        for outcome, number in site.handover.counts.items():
            counts.add(outcome, number)
    assert counts == {"given": 1, "taken": 1, "late": 0, "moved": 0}


async def test_it_leaves_nothing_behind(sites: list[Site], caplog: pytest.LogCaptureFixture) -> None:
    """No connection, no task, no line in the log."""
    async with connect(url(sites[0], 1)) as client:
        assert await client.recv() == "2"
        async with asyncio.timeout(GUARD_SECONDS):
            while sites[0].server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
        assert not sites[0].server.server_state.connections
        assert len(sites[1].server.server_state.connections) == 1
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


async def test_data_that_comes_too_soon_keeps_it_where_it_is(sites: list[Site]) -> None:
    """A client that sends before it is answered is served by whoever read its data."""
    found: list[int | None] = []

    async def look(_store_id: str, scope: Any) -> bool:
        connection: PassableWebSocket = scope["extensions"][EXTENSION]
        found.append(connection.descriptor)
        connection.data_received(frame(TEXT, b"early"))
        found.append(connection.descriptor)
        return False

    sites[0].routing.pass_on = look  # type: ignore[method-assign]
    async with connect(url(sites[0], 1)) as client:
        assert await client.recv() == "1"
        assert await client.recv() == "early"
    assert found[0] is not None and found[1] is None


async def test_a_server_that_ends_meanwhile_writes_nothing(sites: list[Site]) -> None:
    """The other process may be serving the connection already; if it is not, the client sees it close."""
    before, release = asyncio.Event(), asyncio.Event()

    async def give(*_: object) -> Outcome:
        before.set()
        await release.wait()
        return Outcome.LATE

    sites[0].handover.give = give  # type: ignore[method-assign]
    reader, writer = await asyncio.open_connection("127.0.0.1", sites[0].port)
    writer.write(UPGRADE.replace(b"GET /", b"GET /1"))
    await asyncio.wait_for(before.wait(), GUARD_SECONDS)
    sites[0].server.should_exit = True
    async with asyncio.timeout(GUARD_SECONDS):
        assert await reader.read() == b""
    release.set()
    writer.close()
    await writer.wait_closed()


async def test_one_that_drains_takes_no_more(sites: list[Site]) -> None:
    """Its sockets go to others; so must those that come now."""
    sites[1].server.handle_exit(signal.SIGTERM, None)
    async with asyncio.timeout(GUARD_SECONDS):
        while sites[1].handover.number is not None:  # noqa: ASYNC110 - nothing says so
            await asyncio.sleep(0.01)
    async with connect(url(sites[0], 1)) as client:
        assert await client.recv() == "1"


async def test_processes_that_disagree_pass_it_once(sites: list[Site]) -> None:
    """One that has not heard of a new store yet sends sockets elsewhere; there they stay."""
    sites[1].stores.reversed = True
    async with connect(url(sites[0], 1)) as client:
        assert await client.recv() == "2"


async def test_a_socket_that_nobody_took_ends_as_any_other(sites: list[Site]) -> None:
    """With a close frame, when its server ends."""

    async def give(*_: object) -> Outcome:
        return Outcome.LATE

    sites[0].handover.give = give  # type: ignore[method-assign]
    async with connect(url(sites[0], 1)) as client:
        assert await client.recv() == "1"
        sites[0].server.should_exit = True
        await client.wait_closed()
        assert client.close_code == 1012


async def test_a_refused_handshake_is_still_answered(sites: list[Site]) -> None:
    """What is no handshake at all never gets to the application."""
    with pytest.raises(InvalidStatus):
        await connect(url(sites[0], 1), subprotocols=None, additional_headers={"Sec-WebSocket-Version": "7"})
