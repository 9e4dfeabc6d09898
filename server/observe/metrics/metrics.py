"""The metrics of one process: a name, a text and what reads the current figure, for each.

Nothing is counted here. Who counts keeps plain numbers, and they are read when somebody asks: in another
thread than the event loop's, which may be blocked.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from server.observe.metrics.histogram import Histogram

_NAME: Final = re.compile(r"deal_[a-z0-9]+(_[a-z0-9]+)*")

Figures = float | Mapping[str, float] | Mapping[tuple[str, ...], float]
"""A number, or numbers by the value of the label; by a tuple of values if there are several labels."""

Histograms = Histogram | Mapping[str, Histogram]
"""A histogram, or one for each value of the label."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure that only grows (a counter), or rises and falls. ``read`` may be called in any thread."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[], Figures]
    is_counter: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values by size. ``read`` may be called in any thread."""

    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[], Histograms]


class Metrics:
    """All metrics of a process, in the order in which they were declared.

    Names and labels are those of Prometheus: a counter ends with ``_total``, a histogram with its unit. The
    label ``process`` is added to all of them when they are written. The methods raise ValueError for a name
    that breaks these rules or is declared twice.
    """

    def __init__(self) -> None:
        self._metrics: dict[str, Number | Distribution] = {}

    def __iter__(self) -> Iterator[Number | Distribution]:
        return iter(list(self._metrics.values()))

    def counter(self, name: str, text: str, read: Callable[[], Figures], *labels: str) -> None:
        """Declare a number that only grows."""
        _require(name.endswith("_total"), name, "end with _total")
        self._declare(Number(name, text, labels, read, is_counter=True))

    def gauge(self, name: str, text: str, read: Callable[[], Figures], *labels: str) -> None:
        """Declare a number that rises and falls."""
        _require(not name.endswith(("_total", "_count", "_sum", "_bucket")), name, "have no counter's end")
        self._declare(Number(name, text, labels, read, is_counter=False))

    def histogram(self, name: str, text: str, read: Callable[[], Histograms], *labels: str) -> None:
        """Declare values by size."""
        _require(name.endswith(("_seconds", "_bytes")), name, "end with its unit")
        _require(len(labels) < 2, name, "have one label at most")
        self._declare(Distribution(name, text, labels, read))

    def _declare(self, metric: Number | Distribution) -> None:
        name = metric.name
        _require(_NAME.fullmatch(name) is not None, name, "be deal_words_like_this")
        _require(name not in self._metrics, name, "be declared once")
        _require(bool(metric.text), name, "say what it counts")
        _require("process" not in metric.labels, name, "leave the label `process` to the writer")
        self._metrics[name] = metric


def _require(holds: bool, name: str, rule: str) -> None:
    if not holds:
        raise ValueError(f"the metric {name!r} must {rule}")
