"""What a process's searches took, by stage, as their traces report it when they end."""

from collections.abc import Mapping
from typing import Final

from server.observe.metrics.histogram import WORK_SECONDS, Histogram, Histograms
from server.observe.metrics.tally import Tally

MS: Final = 1000


class SearchFigures:
    """Searches by how they ended, their whole time, and the time of their stages; how many run now."""

    def __init__(self, *reasons: str) -> None:
        self.running = 0
        self.ended = Tally(*reasons)
        self.seconds = Histogram(WORK_SECONDS)
        self.stages = Histograms(WORK_SECONDS)

    def end(self, reason: str, seconds: float, trace: Mapping[str, float]) -> None:
        """Count a page that ended after ``seconds``.

        ``trace`` is its report: a stage's milliseconds are a float; whole numbers are counts, which the logs
        and the screen show.
        """
        self.ended.add(reason)
        self.seconds.add(seconds)
        for stage, ms in trace.items():
            if isinstance(ms, float):
                self.stages.of(stage).add(ms / MS)
