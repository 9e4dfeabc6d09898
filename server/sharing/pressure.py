"""When the queue of values is too old to take new searches, and whose searches are refused first. No I/O."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Final

OLD_SECONDS: Final = 15.0
"""An oldest job of this age means that values come later than anyone at a desk waits for them. Workers value
the whole stock of a store in a few seconds.
"""

TOO_OLD_SECONDS: Final = 2 * OLD_SECONDS
"""From this age on, nobody's new search is taken."""

KNOWN_SECONDS: Final = 5.0
"""How long a look at the queue is believed. Without newer ones nothing is refused."""

LONGEST_RETRY_SECONDS: Final = 30


class Pressure:
    """What this process knows of the queue, from its regular looks. ``clock`` returns monotonic seconds.

    ``refused`` counts the searches that were refused.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self.age_seconds = 0.0
        self._clock = clock
        self._looked_at = -math.inf
        self._waiting: Mapping[str, int] = {}

    def look(self, age_seconds: float, waiting: Mapping[str, int]) -> None:
        """Take the age of the oldest job, and how many jobs of each store wait for their turns."""
        self.age_seconds, self._waiting, self._looked_at = age_seconds, waiting, self._clock()

    def refuses(self, store_id: str) -> int | None:
        """Return after how many seconds a new search of the store may be tried again; None: it is taken.

        Between the two ages, only the stores are refused that fill the queue: those with their share of it or
        more.
        """
        if self.age_seconds < OLD_SECONDS or self._clock() - self._looked_at > KNOWN_SECONDS:
            return None
        share = sum(self._waiting.values()) / max(1, len(self._waiting))
        if self.age_seconds < TOO_OLD_SECONDS and self._waiting.get(store_id, 0) < max(1.0, share):
            return None
        self.refused += 1
        # About as long as what waits has waited for.
        return min(LONGEST_RETRY_SECONDS, max(1, math.ceil(self.age_seconds / 3)))
