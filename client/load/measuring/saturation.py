"""How busy the generator itself is: one that cannot keep up measures itself, not the server."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hdrh.histogram import HdrHistogram

SAMPLE_SECONDS: Final = 0.02
MOST_CPU: Final = 0.9
"""The share of one core that a generating process may use in the steady phase."""

MOST_LATE_MS: Final = 50.0
"""How late the 99th percentile of arrivals may begin."""

MOST_LAG_MS: Final = 100.0
"""The 99th percentile of the loop's lag."""

_LONGEST_US: Final = 600_000_000


@dataclass(frozen=True, slots=True)
class Strain:
    """What one process measured of itself in the steady phase. Times are milliseconds."""

    cpu: float
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float

    @property
    def reasons(self) -> list[str]:
        """Why the process was saturated; empty if it was not."""
        found: list[str] = []
        if self.cpu > MOST_CPU:
            found.append(f"it used {self.cpu:.0%} of a core, more than {MOST_CPU:.0%}")
        if self.late_p99_ms > MOST_LATE_MS:
            found.append(f"1 % of arrivals began more than {self.late_p99_ms:.0f} ms late")
        if self.lag_p99_ms > MOST_LAG_MS:
            found.append(f"its event loop was {self.lag_p99_ms:.0f} ms late (p99)")
        return found

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {name: round(getattr(self, name), 3) for name in self.__slots__}


class Gauge:
    """Measures the process between ``start`` and ``stop``; ``late`` takes an arrival's delay (seconds)."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._now, self._cpu = now, cpu
        self._lag: Any = HdrHistogram(1, _LONGEST_US, 2)
        self._late: Any = HdrHistogram(1, _LONGEST_US, 2)
        self._began: tuple[float, float] | None = None
        self._used = 0.0

    def late(self, seconds: float) -> None:
        """Take by how much an arrival began late."""
        if self._began is not None:
            self._late.record_value(_micros(seconds))

    async def watch(self) -> None:
        """Sample the loop's lag until cancelled."""
        while True:
            before = self._now()
            await asyncio.sleep(SAMPLE_SECONDS)
            if self._began is not None:
                self._lag.record_value(_micros(self._now() - before - SAMPLE_SECONDS))

    def start(self) -> None:
        """The steady phase begins."""
        self._began = self._now(), self._cpu()

    def stop(self) -> None:
        """The steady phase is over."""
        if self._began is not None:
            at, cpu = self._began
            self._used = (self._cpu() - cpu) / max(self._now() - at, 1e-9)
            self._began = None

    def strain(self) -> Strain:
        """Return what was measured."""
        return Strain(
            self._used,
            *(_percentile(self._lag, percent) for percent in (50, 99, 100)),
            *(_percentile(self._late, percent) for percent in (50, 99, 100)),
        )


def _micros(seconds: float) -> int:
    return max(1, min(int(seconds * 1_000_000), _LONGEST_US))


def _percentile(histogram: Any, percent: float) -> float:
    if not histogram.get_total_count():
        return 0.0
    return float(histogram.get_value_at_percentile(percent)) / 1000
