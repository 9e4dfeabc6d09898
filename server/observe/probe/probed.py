"""A process with a watched loop and a probe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from server.observe.probe.listener import Probe
from server.observe.probe.loop_watch import LoopWatch
from server.observe.probe.vitals import Figures, Vitals


@contextmanager
def probed(
    kind: str, data_dir: Path, watch: LoopWatch, figures: Figures, metrics: Callable[[], bytes]
) -> Iterator[None]:
    """Watch the running loop and answer at this process's probe socket for as long as the context lasts.

    ``figures`` are the vital signs of this ``kind`` of process; ``metrics`` returns the Prometheus text
    format. Both are called in threads other than the loop's.
    """
    probe = Probe(kind, data_dir, vitals=Vitals(kind, watch, figures), metrics=metrics)
    watch.start()
    probe.start()
    try:
        yield
    finally:
        watch.stop()
        probe.close()
