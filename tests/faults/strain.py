"""Faults of clients, lines, buffers and clocks: who does not read, falls silent, or comes with all others."""

import asyncio
import urllib.request
from contextlib import AsyncExitStack
from typing import Final

from tests.faults.play import Scene, viewer_of
from tests.faults.proxy import open_proxy
from tests.faults.stage import NotReached
from tests.services import free_port

HANG_SECONDS: Final = 2.5
HOUR_SECONDS: Final = 3_600
DEAF_ROUNDS, DEAF_SECONDS = 6, 0.3
SMALL_BUFFER_BYTES: Final = 4_096
SMALL: Final = f"pubsub {SMALL_BUFFER_BYTES} {SMALL_BUFFER_BYTES // 2} 1"
USUAL: Final = "pubsub 33554432 8388608 60"
UNREAD_SECONDS: Final = 75.0
"""A proxy reads on for a client that does not; then only the unanswered ping tells, after 40 s at most."""

NOTICED_SECONDS: Final = 70.0
LARGE_SEARCH: Final = 500
CROWD: Final = 500
LOOK_SECONDS: Final = 0.2


async def hang_web(scene: Scene) -> None:
    """A web process hangs with all of its sockets open, and goes on later."""
    scene.stage.webs[0].freeze()
    await asyncio.sleep(HANG_SECONDS)
    scene.stage.webs[0].thaw()


async def hang_worker(scene: Scene) -> None:
    """A worker hangs for longer than its lease, in the middle of a search, and goes on later."""
    async with scene.at_rest():
        scene.stage.workers[0].freeze()
        await asyncio.sleep(HANG_SECONDS)
        scene.stage.workers[0].thaw()


async def turn_clocks(scene: Scene) -> None:
    """The clocks of a web process and of a worker jump ahead by an hour, back by two, and are right again."""
    for seconds in (HOUR_SECONDS, -HOUR_SECONDS, 0):
        for server in (scene.stage.webs[0], scene.stage.workers[0]):
            scene.stage.turn_clock(server, seconds)
        await asyncio.sleep(1.2)


async def overflow_buffers(scene: Scene) -> None:
    """Redis drops every subscriber that leaves more than a few kilobytes unread: with each chunk."""
    with scene.stage.redis.client() as client:
        client.config_set("client-output-buffer-limit", SMALL)
        heard = {each["id"] for each in client.client_list(_type="pubsub")}
        try:
            for _ in range(DEAF_ROUNDS):
                await scene.editors[1].search(LARGE_SEARCH)
                await scene.editors[4].search(LARGE_SEARCH)
                await asyncio.sleep(DEAF_SECONDS)
        finally:
            client.config_set("client-output-buffer-limit", USUAL)
        still = {each["id"] for each in client.client_list(_type="pubsub")}
    if not heard - still:
        raise NotReached("no subscriber was dropped")


async def drop_database_connections(scene: Scene) -> None:
    """Every connection to PostgreSQL is ended at once, those that listen too."""
    scene.stage.drop_database_connections()


async def leave_unread(scene: Scene) -> None:
    """A client reads nothing, while whole stocks are matched for it, until the server gives it up."""
    viewer = viewer_of(scene.stage, "sluggish", "manager", {scene.one: "manager"}, 0, small_buffer=True)
    await scene.enter([viewer])
    viewer.stop_reading()
    try:
        async with asyncio.timeout(UNREAD_SECONDS):
            before = await _connections(scene)
            while await _connections(scene) >= before:
                await scene.editors[1].search(LARGE_SEARCH)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise NotReached("the server waits for it") from None
    viewer.read_on()


async def fall_silent(scene: Scene) -> None:
    """The line to a client dies and nobody is told; both sides must notice by themselves."""
    web, port = scene.stage.webs[0], free_port()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(open_proxy(port, web.settings.port))
        viewer = viewer_of(scene.stage, "far away", "sales", {scene.one: "sales"}, 0)
        viewer.go_by(f"ws://127.0.0.1:{port}/ws")
        await scene.enter([viewer])
        before = await _connections(scene)
        proxy.silence()
        try:
            async with asyncio.timeout(NOTICED_SECONDS):
                while viewer.connections < 2 or await _connections(scene) > before:  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise NotReached("one side has not noticed") from None


async def storm(scene: Scene) -> None:
    """Every web process dies, and 500 clients come back at once, as soon as somebody listens."""
    scene.working.clear()
    each = CROWD // 4
    crowd = [
        viewer_of(scene.stage, f"{who}-{place}-{number}", who, {scene.one: "customer"}, place)
        for who in ("manager", "sales")
        for place in (0, 1)
        for number in range(each)
    ]
    await scene.enter(crowd)
    await asyncio.gather(*(web.kill() for web in scene.stage.webs))


async def _connections(scene: Scene) -> int:
    """Return how many sockets the web processes have open."""
    urls = [f"http://127.0.0.1:{web.settings.port}/metrics" for web in scene.stage.webs]

    def read(url: str) -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
            return str(answer.read().decode())

    # One answers for all processes with whom it shares its data folder.
    texts = await asyncio.gather(*(asyncio.to_thread(read, url) for url in urls))
    lines = [line for text in texts for line in text.splitlines()]
    of_each = dict(line.split() for line in lines if line.startswith("deal_connections{"))
    assert len(of_each) == len(scene.stage.webs), of_each
    return sum(int(float(count)) for count in of_each.values())
