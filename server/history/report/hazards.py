"""The monthly hazards as CSV."""

import csv
import math
from dataclasses import fields
from pathlib import Path

from protocol.money.lending import NO_EDGE_BP
from server.history.monthly import Monthly


def write_hazards(found: Monthly, file: Path) -> None:
    """Write a line for each month of age. An LTV without an edge and what is not a number are empty.

    Raises OSError if the file cannot be written.
    """
    columns = {field.name: getattr(found, field.name).tolist() for field in fields(found)}
    columns["ltv_max_bp"] = [edge if edge < NO_EDGE_BP else math.nan for edge in columns["ltv_max_bp"]]
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in zip(*columns.values(), strict=True))


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    return f"{value:.6g}" if value < 1 else f"{value:.0f}"
