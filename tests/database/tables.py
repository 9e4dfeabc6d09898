"""A good row of each versioned table, and reading rows as an import does."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from server.database.importing.table_layout import TableLayout
from server.database.importing.versioned import Fault, read_table

PROGRAMME = {
    "programme_id": "harbor-new",
    "lender": "Harbor",
    "tier": "prime",
    "term_months": "60",
    "new_cars": "yes",
    "used_cars": "no",
    "new_ltv_basis": "invoice",
    "used_ltv_basis": "wholesale",
    "ltv_front_max_percent": "115",
    "ltv_total_max_percent": "130",
    "amount_min": "$5,000",
    "amount_max": "100,000.00",
    "pti_max_percent": "20",
    "dti_max_percent": "43",
    "buy_rate_percent": "6.3475",
    "markup_max_percent": "1",
    "disposition": "sold",
}
CURVE = {
    "tier": "prime",
    "funding_rate_percent": "4.9",
    "cnl_percent": "1.3",
    "loss_timing": "0:0 50:75 100:100",
    "recovery_percent": "55",
    "recovery_lag_months": "5",
    "abs_speed_percent": "1.5",
    "servicing_month": "4",
}
RULE = {"jurisdiction": "Ohio", "state": "OH", "rate_percent": "5.75"}
LIMIT = {"state": "OH", "rate_max_percent": "25", "source": "Statute", "source_date": "2026-01-02"}
REBATE = {
    "rebate_id": "r1",
    "programme": "Cash",
    "make": "Honda",
    "starts_on": "2026-01-01",
    "ends_on": "2026-01-31",
    "amount": "500",
}


LEASE = {
    "programme_id": "harbor-lease",
    "lender": "Harbor Lease Trust",
    "tier": "prime",
    "term_months": "36",
    "miles_per_year": "12,000",
    "residual_percent": "58",
    "money_factor": "0.00125",
}


def write(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write rows as CSV, a column for each name in any of them."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(folder: Path, layout: TableLayout, *rows: Mapping[str, str]) -> tuple[list[Any], list[Fault]]:
    """Return the records and faults of a file of these rows."""
    found, faults = read_table(write(folder / "table.csv", rows), layout)
    return [row.record for row in found], faults


def places(faults: Iterable[Fault]) -> list[tuple[int, str]]:
    """Return line and column of each fault."""
    return [(fault.line, fault.column) for fault in faults]
