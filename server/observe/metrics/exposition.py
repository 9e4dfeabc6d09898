"""Writes the metrics of a process in the Prometheus text format. May be called in any thread."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from server.observe.metrics.histogram import Histogram
from server.observe.metrics.metrics import Distribution, Metrics, Number

ATTEMPTS: Final = 3
"""How often a figure is read whose container another thread changes meanwhile."""

PROCESS: Final = "process"

log = structlog.get_logger("metrics")


class Exposition(Collector):
    """Writes ``metrics``, and what Python and the system know of the process, with the label ``process``.

    Without a name for the process, it writes ``metrics`` alone: they are of all processes together.
    """

    def __init__(self, metrics: Metrics, process: str) -> None:
        self._metrics = metrics
        self._process = process
        self._system = CollectorRegistry()
        if process:
            ProcessCollector(registry=self._system)
            GCCollector(registry=self._system)

    def __call__(self) -> bytes:
        """Return the text. A figure that cannot be read is logged and left out; the others are there."""
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its samples."""
        for declared in self._metrics:
            try:
                family = _read(declared)
            except Exception:
                log.exception("metric not read", metric=declared.name)
                continue
            yield self._named(family)
        for family in self._system.collect():
            yield self._named(family)

    def _named(self, family: Metric) -> Metric:
        if not self._process:
            return family
        family.samples = [
            Sample(each.name, {**each.labels, PROCESS: self._process}, each.value) for each in family.samples
        ]
        return family


def _read(declared: Number | Distribution) -> Metric:
    for _ in range(ATTEMPTS - 1):
        try:
            return _family(declared)
        except RuntimeError:  # a container changed size while it was read
            continue
    return _family(declared)


def _family(declared: Number | Distribution) -> Metric:
    name, text, labels = declared.name, declared.text, declared.labels
    if isinstance(declared, Distribution):
        shapes = declared.read()
        family = HistogramMetricFamily(name, text, labels=labels)
        for value, shape in [("", shapes)] if isinstance(shapes, Histogram) else list(shapes.items()):
            family.add_metric([value][: len(labels)], buckets=_buckets(shape), sum_value=shape.total)
        return family
    numbers = declared.read()
    simple = (CounterMetricFamily if declared.is_counter else GaugeMetricFamily)(name, text, labels=labels)
    for values, number in list(numbers.items()) if isinstance(numbers, Mapping) else [((), numbers)]:
        simple.add_metric((values,) if isinstance(values, str) else values, number)
    return simple


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    # The counts are copied in one step: they are added up here, so that the last one is their sum.
    return list(zip(bounds, accumulate(list(histogram.counts)), strict=True))
