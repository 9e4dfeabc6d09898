"""A process as ``server.run.processes`` is, whose limits are reached in tenths of a second.

Started by ``python -m tests.flow.outages.quick_limits web``.
"""

from functools import partial
from typing import Final

from server.hub.upkeep.keeper import Keeper
from server.hub.upkeep.outages import Outages
from server.log.links import guarded_pool
from server.observe.breaker import BreakerBounds
from server.run import opening, processes
from server.search.paging.rows import first_rows
from server.sharing import pressure

SLOW_SECONDS: Final = 0.1
"""Instead of seconds: what takes longer has failed for a breaker."""

GIVEN_UP_SECONDS: Final = 0.3
"""When nobody waits for an answer of Redis any more."""

CALLS: Final = 6
"""How many calls the breaker of Redis remembers, so that those of a process that begins do not outweigh."""

HEARTBEAT_SECONDS: Final = 0.1
"""How often the queue is looked at."""

TOO_OLD_SECONDS: Final = 1_000.0
"""When a queue takes nobody's searches: so far from the age for those who fill it that no test meets both."""


def main() -> None:
    """Be the process."""
    first_rows.SLOW_SECONDS = SLOW_SECONDS  # type: ignore[misc]
    guarded_pool.SLOW_SECONDS = SLOW_SECONDS
    guarded_pool.BreakerBounds = partial(BreakerBounds, window=CALLS)  # type: ignore[misc,assignment]
    opening.REDIS_SECONDS = GIVEN_UP_SECONDS  # type: ignore[misc]
    pressure.TOO_OLD_SECONDS = TOO_OLD_SECONDS  # type: ignore[misc]
    Outages.__init__.__kwdefaults__["notice_after_seconds"] = SLOW_SECONDS
    Keeper.__init__.__kwdefaults__["heartbeat_seconds"] = HEARTBEAT_SECONDS
    processes.main()


if __name__ == "__main__":
    main()
