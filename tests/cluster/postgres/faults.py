"""The fault suite's PostgreSQL with PgBouncer before it and a replica beside it, and faults of those two."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from server.settings import Settings
from tests.cluster.postgres.bouncer import Bouncer, open_bouncer
from tests.cluster.postgres.standby import Standby, open_standby
from tests.faults.faults import HANG_SECONDS, Fault
from tests.faults.play import Scene
from tests.services import Services

POOL_SIZE: Final = 4
"""Server connections for each role: fewer than our processes would open themselves."""

AWAY_SECONDS: Final = 1.0
BEHIND_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Scaled:
    """What stands around the stage's database."""

    bouncer: Bouncer
    standby: Standby


@asynccontextmanager
async def open_scaled(services: Services, settings: Settings) -> AsyncIterator[tuple[Scaled, Settings]]:
    """Start both; give them and the settings with which all of ours work through them."""
    with (
        open_standby(services, settings) as (standby, replicated),
        open_bouncer(services, replicated, size=POOL_SIZE) as (bouncer, both),
    ):
        await bouncer.start()
        yield Scaled(bouncer, standby), both


def _scaled(scene: Scene) -> Scaled:
    assert isinstance(scene.stage.around, Scaled)
    return scene.stage.around


async def _restart_bouncer(scene: Scene) -> None:
    """Every connection through it breaks, and for a while nobody is there."""
    bouncer = _scaled(scene).bouncer
    await asyncio.to_thread(bouncer.stop)
    await asyncio.sleep(AWAY_SECONDS)
    await bouncer.start()
    await scene.stage.ready()


async def _pause_bouncer(scene: Scene) -> None:
    """As its operator does before PostgreSQL is restarted: who asks waits."""
    bouncer = _scaled(scene).bouncer
    await bouncer.command("PAUSE")
    await asyncio.sleep(HANG_SECONDS)
    await bouncer.command("RESUME")
    await scene.stage.ready()


async def _kill_replica(scene: Scene) -> None:
    """It comes back later, with what happened meanwhile."""
    standby = _scaled(scene).standby
    await asyncio.to_thread(standby.kill)
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.to_thread(standby.start)


async def _hang_replica(scene: Scene) -> None:
    with _scaled(scene).standby.hung():
        await asyncio.sleep(HANG_SECONDS)


async def _hold_replica(scene: Scene) -> None:
    """It answers and stays behind, while cars and decisions change."""
    standby = _scaled(scene).standby
    await standby.ask("SELECT pg_wal_replay_pause()")
    await asyncio.sleep(BEHIND_SECONDS)
    await standby.ask("SELECT pg_wal_replay_resume()")


SCALED_FAULTS: Final = (
    Fault("pooler restarted", _restart_bouncer, short=True),
    Fault("pooler paused", _pause_bouncer),
    Fault("replica killed", _kill_replica, short=True),
    Fault("replica hangs", _hang_replica),
    Fault("replica is behind", _hold_replica),
)
