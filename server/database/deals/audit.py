"""A deal's audit as JSON and as CSV: every decision, note and hold, and every pencil that was shown."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from protocol import codec
from protocol.texts import spelt_out
from server.database.core.csv_cells import shown_cell
from server.database.deals.history import History

COLUMNS: Final = ("no", "at", "by_id", "by_name", "by_role", "kind", "version", "detail")
"""The columns of the CSV; ``detail`` is the rest of the event, as JSON."""


def audit_json(history: History) -> bytes:
    """Return the audit as one JSON object on one line; invisible characters are spelt out, as JSON may."""
    audit = codec.encode(
        {
            "deal_id": history.first.id,
            "store_id": history.store_id,
            "customer": history.first.customer,
            **({} if history.erased_at is None else {"erased_at": history.erased_at}),
            "salesperson": history.first.salesperson,
            "created_at": history.created_at,
            "first_structure": history.first.structure,
            "events": [
                {"no": event.no, "at": event.at, "kind": event.kind, **event.body} for event in history.events
            ],
            "pencils": [
                {
                    "pencil_id": pencil.pencil_id,
                    "at": pencil.at,
                    "by": pencil.by,
                    "deal_version": pencil.deal_version,
                    "vehicle_id": pencil.vehicle_id,
                    "rev": pencil.rev,
                    "versions": pencil.versions,
                    "answer": pencil.answer,
                }
                for pencil in history.pencils
            ],
        }
    )
    return spelt_out(audit.decode()).encode()


def audit_csv(history: History) -> str:
    """Return the audit as CSV with a header: events by ``no``, then pencils by time.

    Invisible characters are spelt out, so that a cell shows what it holds.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([shown_cell(cell) for cell in row] for row in _rows(history))
    return out.getvalue()


def _rows(history: History) -> Iterator[list[Any]]:
    for event in history.events:
        body = dict(event.body)
        by, version = body.pop("by"), body.pop("version", "")
        yield [
            event.no,
            event.at.isoformat(),
            by["id"],
            by["name"],
            by["role"],
            event.kind,
            version,
            _json(body),
        ]
    for pencil in history.pencils:
        detail = {"pencil_id": pencil.pencil_id, "vehicle_id": pencil.vehicle_id, "rev": pencil.rev}
        by = pencil.by
        yield [
            *("", pencil.at.isoformat(), by.id, by.name, by.role.value, "pencil", pencil.deal_version),
            _json({**detail, "versions": pencil.versions, **pencil.answer}),
        ]


def _json(value: Any) -> str:
    return codec.encode(value).decode()
