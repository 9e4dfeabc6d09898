"""The checker can fail: each mechanism taken out in turn, the same faults that are clean with it, and red.

``tests/faults/test_faults.py`` plays these faults on the whole product, where they must be clean.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.faults import FAULTS
from tests.faults.play import play
from tests.faults.stage import Stage, open_stage

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="module")]
PATIENCE_SECONDS = 3.0
ATTEMPTS = 3
"""Nothing goes wrong if the fault falls into a moment in which nobody is told anything."""

BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """PostgreSQL, Redis, two web processes and two workers."""
    async with open_stage() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def mended(stage: Stage) -> AsyncIterator[Stage]:
    """The stage, which has all of its mechanisms again afterwards."""
    yield stage
    await stage.start()


@pytest.mark.parametrize(
    ("mechanism", "fault", "red"),
    [
        ("gap fill", "pub/sub connections killed", ("gaps",)),
        ("epoch check", "redis restarted with an old RDB", ("strays", "duplicates")),
        ("idempotency key", "killed: value-published", ("duplicates",)),
        ("relay order", "redis hangs", ("disorder",)),
    ],
)
async def test_without_a_mechanism_the_checker_is_red(
    mended: Stage, mechanism: str, fault: str, red: tuple[str, ...]
) -> None:
    """What the mechanism is there for goes wrong, and is counted as that."""
    assert BY_NAME[fault].short, "the same fault must be seen clean by every test run"
    await mended.start_broken(mechanism)
    for _ in range(ATTEMPTS):
        result = await play(mended, fault, BY_NAME[fault].inject, patience_seconds=PATIENCE_SECONDS)
        if any(result.findings.counts[kind] for kind in red):
            return
    pytest.fail(f"the checker saw nothing: {result.findings}")
