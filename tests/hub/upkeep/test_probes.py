"""What breakers stopped is tried again at the right moments, whatever a probe meets. In virtual time."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from server.hub.upkeep.probes import Probed, Probes
from server.observe.breaker import Breaker, BreakerBounds
from server.observe.standing import Standing
from tests.virtual_time import run_virtually

EARLY = 0.9999
"""How far a breaker's clock has come when a timer of a second fires: a timer may be early by a moment."""


def times_of_probes(outcomes: list[Exception | None]) -> list[float]:
    """Return after how many seconds each probe came, until the breaker closed. They end as told."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        breaker = Breaker("it", BreakerBounds(slow_seconds=1.0), clock=lambda: loop.time() * EARLY)
        began, came, left = loop.time(), list[float](), iter(outcomes)

        async def probe() -> None:
            call = breaker.begin_probe()
            came.append(round(loop.time() - began))
            outcome = next(left)
            call.end(failed=outcome is not None)
            if outcome is not None:
                raise outcome

        probing = asyncio.create_task(Probes([Probed(breaker, probe)], Standing(), breaker).run())
        breaker.trip()
        while not breaker.is_closed:
            if probing.done():
                await probing  # raises what ended it: nobody would ever close the breaker
            await asyncio.sleep(0.5)
        probing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await probing
        return came

    found: list[float] = run_virtually(main())
    return found


def test_a_probe_comes_when_its_pause_is_over() -> None:
    """A timer that is early does not cost another second."""
    assert times_of_probes([TimeoutError(), TimeoutError(), None]) == [1, 3, 7]


@pytest.mark.parametrize("error", [LookupError, TypeError])
def test_an_error_that_nobody_foresaw_ends_no_probes(error: Callable[[], Exception]) -> None:
    """Not those of this breaker, nor those of the others: the process would end with them."""
    assert times_of_probes([error(), None]) == [1, 3]
