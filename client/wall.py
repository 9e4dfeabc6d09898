"""The deals of a store's wall in a client: one row each, in its newest version. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from protocol import codec
from protocol.events import DealSummary, SnapshotRows

_ENVELOPE = frozenset({"type", "channel", "seq", "at", "removed"})


class WallRows(Mapping[str, dict[str, Any]]):
    """Rows by ``deal_id``: the columns of ``deal_summary`` as JSON. Adding is idempotent."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}

    def add(self, told: SnapshotRows | DealSummary) -> None:
        """Take a part of a snapshot, or one deal's summary; an older one is dropped."""
        if isinstance(told, SnapshotRows):
            for cells in zip(*told.columns.values(), strict=True):
                self._put(dict(zip(told.columns, cells, strict=True)))
        else:
            self._put(codec.plain(told))

    def __getitem__(self, deal_id: str) -> dict[str, Any]:
        return self._rows[deal_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _put(self, summary: dict[str, Any]) -> None:
        known = self._rows.get(summary["deal_id"])
        if known is not None and known.get("last_no", 0) > summary.get("last_no", 0):
            return
        if summary["removed"]:
            self._rows.pop(summary["deal_id"], None)
        else:
            row = {name: value for name, value in summary.items() if name not in _ENVELOPE}
            self._rows[summary["deal_id"]] = row
