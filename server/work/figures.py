"""What a worker did, counted. No I/O."""

from typing import Final

from server.observe.metrics.histogram import WORK_SECONDS, Histogram
from server.observe.metrics.tally import Tally

VALUED: Final = "valued"
UNWANTED: Final = "unwanted"
"""The search has ended or was superseded, or another worker settled the job."""

FAILED: Final = "failed"
"""The job stays in the queue for another attempt."""

BURIED: Final = "buried"
"""The job became a dead letter: it failed too often, or cannot be read."""


class WorkFigures:
    """Plain numbers, which the worker raises and the probe's thread reads."""

    def __init__(self) -> None:
        self.jobs = Tally(VALUED, UNWANTED, FAILED, BURIED)
        self.taken_over = 0
        """Jobs taken from a worker that did not renew its lease."""
        self.cars = 0
        """Cars whose offers were published."""
        self.waits = Histogram(WORK_SECONDS)
        """Seconds from a chunk's publication until a worker took its job."""
        self.value = Histogram(WORK_SECONDS)
        """Seconds of computation for a job."""
        self.busy = Histogram(WORK_SECONDS)
        """Seconds from taking a job until it is settled."""

    def valued(self, cars: int, waited_seconds: float, value_seconds: float) -> None:
        """Count a job whose offers are published."""
        self.jobs.add(VALUED)
        self.cars += cars
        self.waits.add(waited_seconds)
        self.value.add(value_seconds)
