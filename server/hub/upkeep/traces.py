"""What this process knows of the traces of its searches: when messages reached the sockets, and screens.

The searches themselves keep the stages of their pages. Here the rest is added: samples of pushes, and what
clients report with ``painted``. If spans are exported, they are handed on as they become known.
"""

import time
from typing import Final

from protocol.channels import deal_of
from protocol.events import StageSpan
from protocol.records import EndReason
from server.hub.channels.registry import Registry
from server.hub.channels.samples import Sample
from server.log.search_log import SearchLog
from server.observe.metrics.histogram import WORK_SECONDS, Histograms
from server.observe.spans import Spans
from server.search.trace import MS, SearchWatch, Trace

NS_PER_MS: Final = 1_000_000


class Traces(SearchWatch):
    """Completes traces. ``export`` takes spans and returns at once; None if there is no collector.

    ``pushed`` has, by stage, the times from the command until its message was written to the sockets;
    ``painted_in`` those until a screen showed it, as browsers report them.
    """

    def __init__(self, log: SearchLog, export: Spans | None = None) -> None:
        self._log = log
        self._export = export
        self._registry: Registry | None = None
        self.pushed = Histograms(WORK_SECONDS)
        self.painted_in = Histograms(WORK_SECONDS)

    def watch(self, registry: Registry) -> None:
        """Time the messages of searches whose channels are watched in ``registry``."""
        self._registry = registry

    def begun(self, channel: str, search_id: str, trace: Trace) -> None:
        """Time the messages of a search that is about to be announced."""
        if self._registry is not None:
            self._registry.time(channel, Sample(search_id, trace, self._written))

    def ended(self, channel: str, search_id: str, trace: Trace, reason: EndReason, *, first: bool) -> None:
        """Export the spans of a page."""
        sample = self._sample(channel, search_id)
        if sample is not None:
            sample.page_ended = True
        if self._export is None:
            return
        counts = {name: value for name, value in trace.report().items() if isinstance(value, int)}
        self._export.search(
            search_id,
            began_ns=_origin_ns(trace),
            spans=trace.spans(),
            attributes={"deal": deal_of(channel) or "", "reason": reason.value, **counts},
            first=first,
        )

    async def painted(self, channel: str, search_id: str, stage: str, ms: float, after_ms: float) -> None:
        """Add to the trace of a search that a screen shows a stage, ``after_ms`` of ``ms`` in the browser.

        Raises RedisError.
        """
        span = StageSpan(name="paint", start_ms=max(0.0, ms - after_ms), end_ms=ms, of=stage)
        sample = self._sample(channel, search_id)
        pushed = () if sample is None else sample.pushed
        is_latest = await self._log.painted(channel, search_id, span, pushed)
        if is_latest:
            self.painted_in.of(stage).add(ms / MS)
        if is_latest and sample is not None:
            self._add(sample, span)

    def _written(self, sample: Sample, span: StageSpan) -> None:
        self.pushed.of(str(span.of)).add(span.end_ms / MS)
        # Until the page has ended, its own spans include this one.
        if sample.page_ended:
            self._add(sample, span)

    def _add(self, sample: Sample, span: StageSpan) -> None:
        if self._export is not None:
            self._export.stages(sample.search_id, began_ns=_origin_ns(sample.trace), spans=[span])

    def _sample(self, channel: str, search_id: str) -> Sample | None:
        return None if self._registry is None else self._registry.sample_of(channel, search_id)


def _origin_ns(trace: Trace) -> int:
    return time.time_ns() - round(trace.age_ms * NS_PER_MS)
