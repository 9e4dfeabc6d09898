"""What a sync tells: a summary for people, one as JSON, and metrics for a textfile collector."""

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from server.warehouse.errors import LayoutError
from server.warehouse.fields import What
from server.warehouse.reading.source import Warehouse
from server.warehouse.syncing import Outcome

if TYPE_CHECKING:
    from prometheus_client import Metric

METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "rows_read": ("deal_sync_rows_read_total", "Rows that were read from the warehouse."),
    "rows_changed": ("deal_sync_rows_changed_total", "Rows that changed anything here."),
    "rows_removed": ("deal_sync_rows_removed_total", "Rows that removed a car or a customer."),
    "rows_rejected": ("deal_sync_rows_rejected_total", "Rows that could not be stored."),
    "pages": ("deal_sync_pages_total", "Pages that were stored."),
    "breaks": ("deal_sync_breaks_total", "How often the warehouse broke off."),
    "source_seconds": ("deal_sync_source_seconds_total", "How long the warehouse worked for us."),
    "complete_to": (
        "deal_sync_complete_timestamp_seconds",
        "Up to when all changes of the warehouse are here.",
    ),
    "finished_at": ("deal_sync_finished_timestamp_seconds", "When the last complete run ended."),
    "failing": ("deal_sync_failing", "1 if the last run broke off, else 0."),
}
WRITTEN: Final = "deal_sync_written_timestamp_seconds"
_READ: Final = """
SELECT what, rows_read, rows_changed, rows_removed, rows_rejected, pages, breaks,
       source_ms / 1000.0 AS source_seconds,
       extract(epoch FROM complete_to) AS complete_to, extract(epoch FROM finished_at) AS finished_at,
       (failure <> '' OR refused_at IS NOT NULL)::int AS failing
  FROM sync_state ORDER BY what
"""


def summary_lines(outcomes: Mapping[What, Outcome], rejects: Path | None, left_out: int) -> list[str]:
    """Return a line for each kind, and those for the file of rejected rows, of which it ``left_out`` some."""
    lines = []
    for what, one in outcomes.items():
        counts = one.tally
        parts = [
            f"{counts.read:,} read: {counts.added:,} added, {counts.updated:,} updated,"
            f" {counts.unchanged:,} unchanged, {counts.removed:,} removed, {counts.rejected:,} rejected"
        ]
        if counts.superseded:
            parts.append(f"{counts.superseded:,} older than another row")
        if counts.doubtful:
            parts.append(f"{counts.doubtful:,} need a review")
        if not one.complete:
            parts.append("not complete: the next sync goes on")
        lines.append(f"{what}: {'; '.join(parts)}")
    if rejects is not None:
        lines.append(f"rows with reasons: {rejects}")
    if left_out:
        lines.append(f"{left_out:,} more are counted but not listed: fix the listed rows and sync again")
    return lines


def as_json(outcomes: Mapping[What, Outcome], seconds: float, warehouse: Warehouse) -> dict[str, Any]:
    """Return the outcome for ``--json``."""
    kinds = {
        str(what): asdict(one.tally)
        | {"pages": one.pages, "complete": one.complete, "compared": one.compared}
        | {"refused": None if one.refused is None else str(one.refused)}
        for what, one in outcomes.items()
    }
    return {
        "at": dt.datetime.now(dt.UTC).isoformat(),
        "seconds": round(seconds, 3),
        "source_seconds": round(warehouse.busy_seconds, 3),
        "statements": warehouse.statements,
        "breaks": warehouse.breaks,
        "kinds": kinds,
    }


async def write_metrics(database: asyncpg.Connection, path: Path) -> None:
    """Write the figures of all syncs so far to a file, by a rename. Raises LayoutError if it cannot."""
    from prometheus_client import CollectorRegistry, write_to_textfile
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.registry import Collector

    rows = await database.fetch(_READ)
    families: list[Metric] = []
    for column, (name, text) in METRICS.items():
        family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        found = family(name, text, labels=["what"])
        for row in rows:
            if row[column] is not None:
                found.add_metric([row["what"]], float(row[column]))
        families.append(found)
    families.append(GaugeMetricFamily(WRITTEN, "When this file was written.", time.time()))

    class Figures(Collector):
        def collect(self) -> "Iterable[Metric]":
            return families

    registry = CollectorRegistry()
    registry.register(Figures())
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise LayoutError(
            f"--metrics-file {path}", f"a file that can be written ({error.strerror})"
        ) from None
