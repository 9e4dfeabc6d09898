"""The indexes that the migrations make, as a file that a test compares with a freshly migrated database."""

import csv
import io
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from server.doctor.subjects.indexes import Index

FILE: Final = "indexes.csv"
_COLUMNS: Final = ("name", "table", "method", "columns", "unique", "partial", "made_by")


def expected_indexes() -> dict[str, Index]:
    """Return every index of this release's schema by name."""
    text = files("server.doctor").joinpath(FILE).read_text(encoding="utf-8")
    return {
        row["name"]: Index(
            table=row["table"],
            method=row["method"],
            columns=tuple(row["columns"].split(" ")),
            unique=row["unique"] == "yes",
            partial=row["partial"] == "yes",
            made_by=row["made_by"],
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def catalogue_text(indexes: Mapping[str, Index]) -> str:
    """Return the text of the file for some indexes."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for name, index in sorted(indexes.items(), key=lambda item: (item[1].table, item[0])):
        flags = ("yes" if flag else "no" for flag in (index.unique, index.partial))
        lines.writerow((name, index.table, index.method, " ".join(index.columns), *flags, index.made_by))
    return written.getvalue()
