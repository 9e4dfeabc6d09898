"""What a deployment does to running processes: restarts in turn, and a proxy that reloads or dies."""

import asyncio
from typing import Final

from tests.faults.faults import Fault
from tests.faults.play import Scene

KILLED_SECONDS: Final = 1.0


async def _restart_in_turn(scene: Scene) -> None:
    """Each process is told to end, drains, and serves again before it is the next one's turn."""
    for server in scene.stage.servers:
        await server.restart()


async def _reload_proxy(scene: Scene) -> None:
    """The proxy reads its configuration again, twice: what it does with open WebSockets is its own affair."""
    assert scene.stage.proxy is not None
    for _ in range(2):
        await scene.stage.proxy.reload()
        await asyncio.sleep(KILLED_SECONDS)


async def _restart_proxy(scene: Scene) -> None:
    """The proxy ends, and with it everybody's connection, and is there again later."""
    assert scene.stage.proxy is not None
    await scene.stage.proxy.stop()
    await asyncio.sleep(KILLED_SECONDS)
    await scene.stage.proxy.start()


RESTARTS: Final = (Fault("rolling restart", _restart_in_turn),)
PROXY_FAULTS: Final = (
    Fault("proxy reloaded", _reload_proxy),
    Fault("proxy restarted", _restart_proxy),
)
