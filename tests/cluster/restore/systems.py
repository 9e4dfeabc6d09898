"""Whole systems of ``deal-architect up``, each with a data folder of its own, and the commands on them."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.run.processes import standing_services
from server.settings import Settings, process_environment
from tests.services import ROOT, answers, free_port

READY_SECONDS = 120.0
END_SECONDS = 60.0


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without settings of ours, and with ``more``."""
    ours = {name for name in os.environ if name.startswith("DEAL_")} | {"DATABASE_URL", "REDIS_URL"}
    return {name: value for name, value in process_environment().items() if name not in ours} | more


def command(*words: str, data_dir: Path) -> str:
    """Run ``deal-architect`` on a data folder; return what it prints. It must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "server", *words, "--data-dir", str(data_dir)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=END_SECONDS * 5,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(slots=True)
class System:
    """``up`` on a data folder. ``url`` is the address of its web processes."""

    data_dir: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where its web processes listen."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """The addresses of its services, for looking into them."""
        return standing_services(environment(DEAL_DATA_DIR=str(self.data_dir), DEAL_PORT=str(self.port)))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of its log about one kind of event."""
        lines = (line[line.find("{") :] for line in self.log.read_text().splitlines() if f'"{name}"' in line)
        return [json.loads(line) for line in lines]

    async def ready(self) -> None:
        """Wait until a web process serves."""
        async with asyncio.timeout(READY_SECONDS):
            while not await answers(self.port, "/readyz"):
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.05)


@contextmanager
def up(data_dir: Path, log: Path, *, web: int = 2, workers: int = 1) -> Iterator[System]:
    """Start a system; its end is awaited."""
    port = free_port()
    words = ["up", "--data-dir", str(data_dir), "--port", str(port)]
    words += ["--web", str(web), "--workers", str(workers)]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", *words],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield System(data_dir, port, log, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        process.wait(END_SECONDS)
