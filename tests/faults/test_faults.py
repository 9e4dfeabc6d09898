"""The short form of ``make faults``: what fails most, under load; nothing is lost, doubled or disordered."""

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.play import play
from tests.faults.stage import Stage

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.name) for each in FAULTS if each.short])
async def test_fault(stage: Stage, fault: Fault) -> None:
    """Everybody hears everything once and in order, and ends up seeing what is."""
    result = await play(stage, fault.name, fault.inject)
    assert result.is_clean, "\n".join([str(result.findings.counts), *result.findings.details])
    assert result.events > 0
    assert len(result.recovery) == result.viewers
