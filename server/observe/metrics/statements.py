"""How long statements take, by the function of ours that sends them.

A statement has no name of its own, and its text must not be a label: it is long, and those of searches differ
by filters. The function that sends it is what a reader looks for. It is found once for each text.
"""

import sys
from types import FrameType
from typing import Final

from server.observe.metrics.histogram import CALL_SECONDS, Histogram, Histograms
from server.observe.metrics.tally import Tally

MOST_TEXTS: Final = 500
"""How many texts are remembered with their names. Then all are found again, which takes microseconds."""

OWN: Final = "server."
TRANSACTION: Final = {"BEGIN": "begin", "COMMIT": "commit", "ROLLBACK": "rollback"}
MOST_FRAMES: Final = 12


class StatementTimes:
    """Times and failures of statements by name: ``module.function``, or what begins and ends transactions."""

    def __init__(self) -> None:
        self.seconds = Histograms(CALL_SECONDS)
        self.failures = Tally()
        self._known: dict[str, tuple[str, Histogram]] = {}

    def took(self, text: str, seconds: float) -> None:
        """Count a statement that has ended. Call it from the coroutine that its sender awaits."""
        known = self._known.get(text)
        if known is None:
            known = self._find(text, sys._getframe(2))
        known[1].add(seconds)

    def failed(self, text: str) -> None:
        """Count a statement that failed, beside its time."""
        known = self._known.get(text)
        self.failures.add(known[0] if known else self._find(text, sys._getframe(2))[0])

    def _find(self, text: str, frame: FrameType | None) -> tuple[str, Histogram]:
        name = TRANSACTION.get(text.lstrip()[:8].split(" ")[0].split(";")[0]) or _sender(frame)
        if len(self._known) >= MOST_TEXTS:
            self._known.clear()
        self._known[text] = found = name, self.seconds.of(name)
        return found


def _sender(frame: FrameType | None) -> str:
    """Return the innermost function of ours that awaits, from this frame outwards."""
    for _ in range(MOST_FRAMES):
        if frame is None:
            break
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(OWN) and not module.startswith("server.database.core."):
            return f"{module.removeprefix(OWN)}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "other"
