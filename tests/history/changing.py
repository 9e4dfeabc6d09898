"""What tests add to a small history, and how they look at what comes of it."""

import datetime as dt
from typing import Any

import numpy as np

from server.history.aggregates.aggregation import Aggregated, aggregate, edges_of
from server.history.aggregates.counts import Counts, History, read_history
from server.history.aggregates.files import HistoryFiles
from tests.history.books import known_model

EDGES = edges_of(known_model())
MONTHS = 14
"""From 2017-02 to 2018-03."""

WHEN = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
END = "2100-01"


def bring(files: HistoryFiles) -> Aggregated:
    """Aggregate what changed."""
    return aggregate(files, EDGES)


def read(files: HistoryFiles) -> History:
    """Return what the aggregates say."""
    return read_history(files.folder, END)


def anew(files: HistoryFiles) -> History:
    """Return the history from aggregates made from nothing."""
    (files.folder / "aggregates" / "manifest.json").unlink()
    bring(files)
    return read(files)


def same(one: History, other: History) -> bool:
    """Return whether two histories count the same. Sums of fractions depend on the order of the rows."""
    columns = [(getattr(one.counts, name), getattr(other.counts, name)) for name in Counts.__slots__]
    return all(
        len(a) == len(b) and (np.allclose(a, b, rtol=1e-12) if a.dtype.kind == "f" else np.array_equal(a, b))
        for a, b in columns
    )


def loan(name: str, begun: dt.date, tier: str | None = "prime") -> tuple[Any, ...]:
    """Return a loan of $20,000 over 48 months."""
    return name, begun, 48, 2_000_000, 900.0, None, tier, 1, None, WHEN


def payment(name: str, due_on: dt.date, status: str = "current", **values: int) -> tuple[Any, ...]:
    """Return a payment of a loan; ``owed`` after it, ``recovered`` in it."""
    owed, recovered = values.get("owed", 900_000), values.get("recovered", 0)
    return f"{name}-{due_on}", name, due_on, 0, 0, 0, owed, status, 0, recovered, WHEN


def every_month(name: str, count: int) -> list[tuple[Any, ...]]:
    """Return a payment of a loan in each of the history's first months."""
    return [payment(name, dt.date(2017 + month // 12, month % 12 + 1, 5)) for month in range(1, count + 1)]
