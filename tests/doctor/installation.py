"""An installation of the doctor's own, with a web process and a worker, that its tests break and mend."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis import Redis

from server.database.core.migrate import migrate
from server.database.sample.seed import SeedPlan, seed
from server.embedded import EmbeddedServices
from server.embedded.postgres import SUPERUSER
from server.observe.probe.asking import NoAnswer, vitals_of
from server.observe.probe.listener import Probe
from server.observe.probe.places import Place, places, probe_folder
from server.run.privileges import without_owner
from server.settings import Settings, process_environment
from tests.services import ROOT, free_port

GUARD_SECONDS: Final = 60.0
CARS: Final = 1_500
"""More than a table that is read whole as it should be."""

SECRET: Final = "a secret of the tests, which is 0123456789 long enough"


@dataclass(frozen=True, slots=True)
class Installation:
    """Services in a folder, and our processes. ``superuser_url`` is Postgres's administrator."""

    folder: Path
    settings: Settings
    superuser_url: str
    log: Path

    @property
    def redis(self) -> Redis:
        """A client of its Redis."""
        return Redis.from_url(self.settings.redis_url)

    def places(self) -> list[Place]:
        """Return the probe sockets of its processes."""
        return places(probe_folder(self.folder))


@contextmanager
def open_installation(folder: Path) -> Iterator[Installation]:
    """Start Postgres and Redis as ``up`` would, migrate, add sample data, and run a web process and a worker.

    Unlike the services of other tests, nothing of it is set for data that are thrown away.
    """
    data, log = folder / "data", folder / "processes.log"
    with EmbeddedServices(data) as embedded:
        port = str(free_port())
        own = {"DEAL_DATA_DIR": str(data), "DEAL_PORT": port, "DEAL_DEMO": "1", "DEAL_SECRET": SECRET}
        own |= {"DEAL_COMPUTE_PROCESSES": "1"}
        settings = Settings.from_environment(embedded.variables() | own)
        migrate(settings.database_owner_url)
        asyncio.run(seed(settings.database_owner_url, SeedPlan(vehicles=CARS, customers=20, deals=10)))
        environment = without_owner(process_environment() | settings.environment())
        with log.open("w") as out:
            started = [
                subprocess.Popen(
                    [sys.executable, "-m", "server.run.processes", kind],
                    cwd=ROOT,
                    env=environment | {"DEAL_DRAIN_SECONDS": "0"},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
                for kind in ("web", "worker")
            ]
        made = Installation(data, settings, embedded.postgres.url(SUPERUSER), log)
        try:
            until(lambda: _are_ready(made), log.read_text)
            yield made
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


def until(is_so: Callable[[], bool], explain: Callable[[], str] = str) -> None:
    """Wait for something that has to happen. The guard is for what never does."""
    deadline = time.monotonic() + GUARD_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)


def _are_ready(made: Installation) -> bool:
    with suppress(NoAnswer):
        found = {place.kind: vitals_of(place) for place in made.places()}
        waits = any(client["cmd"] == "xreadgroup" for client in made.redis.client_list())
        return set(found) == {"web", "worker"} and found["web"]["postgres_connected"] and waits
    return False


@contextmanager
def played(folder: Path, kind: str, vitals: Callable[[], dict[str, Any]]) -> Iterator[Place]:
    """Answer at a probe socket as a process with such vital signs would."""
    probe = Probe(kind, folder, vitals=vitals, metrics=bytes)
    before = set(places(probe_folder(folder)))
    probe.start()
    try:
        until(lambda: bool(set(places(probe_folder(folder))) - before))
        (place,) = set(places(probe_folder(folder))) - before
        yield place
    finally:
        probe.close()
