"""Processes and proxies that restart, die and reload while people work through them."""

import pytest

from tests.faults.deploying import PROXY_FAULTS, RESTARTS
from tests.faults.faults import FAULTS, Fault
from tests.faults.play import play
from tests.faults.stage import Stage

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]
PATIENCE_SECONDS = 20.0
"""How long anybody may wait: for a connection that follows all channels, and for the answer to a command."""

PLAYED = (*RESTARTS, *PROXY_FAULTS, *(fault for fault in FAULTS if fault.name == "web killed"))


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.name) for each in PLAYED])
async def test_nobody_loses_an_event_or_waits_for_long(stage: Stage, fault: Fault) -> None:
    """Everybody hears everything once, ends up seeing what is, and waited for seconds at most."""
    result = await play(stage, fault.name, fault.inject, patience_seconds=PATIENCE_SECONDS)
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert len(result.recovery) == result.viewers
    assert max(result.away_seconds, result.answer_seconds) < PATIENCE_SECONDS
