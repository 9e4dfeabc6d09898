"""A process whose event loop sleeps: ``python -m tests.doctor.blocked FOLDER``."""

import asyncio
import sys
import time
from pathlib import Path

from server.observe.logs import configure_logging
from server.observe.probe.loop_watch import LoopWatch
from server.observe.probe.probed import probed

BEATS_SECONDS = 0.15
NEVER_SECONDS = 600.0


def sleep_in_the_loop() -> None:
    """Do what nothing in a loop may do."""
    time.sleep(NEVER_SECONDS)


async def main(folder: Path) -> None:
    """Answer at the probe's socket, and block the loop."""
    with probed("web", folder, LoopWatch(), dict, bytes):
        await asyncio.sleep(BEATS_SECONDS)
        sleep_in_the_loop()


if __name__ == "__main__":
    configure_logging("error", "blocked")
    asyncio.run(main(Path(sys.argv[1])))
