"""Whatever is done to a channel's log, in whatever order and through whatever loss: it holds what it must."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.log.stateful_log import LogMachine
from tests.log.stores import RedisStore, Store


def test_in_memory() -> None:
    """Events contiguous in an epoch, decisions and offers once, search_valued exactly when it is due."""
    run_state_machine_as_test(LogMachine, settings=settings(max_examples=200, stateful_step_count=50))


@pytest.mark.flow
def test_in_redis(redis_url: str) -> None:
    """The scripts do the same as the twin, step by step."""

    class InRedis(LogMachine):
        """The machine over a real Redis."""

        def make_store(self) -> Store:
            return RedisStore(redis_url)

    run_state_machine_as_test(
        InRedis,
        settings=settings(
            max_examples=60, stateful_step_count=50, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
