"""What came of a fault that was played."""

import statistics
from dataclasses import dataclass, field

from tests.faults.judging.checker import Findings


@dataclass(slots=True)
class Result:
    """How a fault went.

    ``lasted`` is how many seconds passed until all that failed served again; ``recovery`` holds, for each
    viewer, how many it took from then until it showed what was decided after that. ``taken`` counts the
    commands that were answered well. ``away_seconds`` is the longest time that somebody did not follow after
    having lost the connection, ``answer_seconds`` the longest until a command was answered for good.
    """

    fault: str
    viewers: int
    events: int
    findings: Findings
    lasted: float = 0.0
    recovery: list[float] = field(default_factory=list)
    broke: str = ""
    taken: dict[str, int] = field(default_factory=dict)
    away_seconds: float = 0.0
    answer_seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether the promise was kept."""
        return self.findings.is_clean and not self.broke

    @property
    def median_seconds(self) -> float:
        """The median of the recovery times."""
        return statistics.median(self.recovery) if self.recovery else 0.0

    @property
    def longest_seconds(self) -> float:
        """The longest recovery time."""
        return max(self.recovery, default=0.0)
