"""Cells of the CSV files that we write: no spreadsheet may read one as a formula."""

from typing import Any, Final

from protocol.texts import spelt_out

_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The four of ASCII, and their full-width forms, which some spreadsheets treat alike."""

_SPLITS_CELL: Final = ("\t", "\r", "\n")
_PASSED_OVER: Final = "".join(map(chr, range(0x21))) + "\x7f\xa0\u200b\ufeff"
"""What a spreadsheet may drop from the beginning of a cell: controls, spaces and zero-width marks."""


def plain_cell(cell: Any) -> Any:
    """Return a cell that no spreadsheet reads as a formula: a text that looks like one gets an apostrophe."""
    if not isinstance(cell, str):
        return cell
    formula = cell.startswith(_SPLITS_CELL) or cell.lstrip(_PASSED_OVER).startswith(_BEGINS_FORMULA)
    return f"'{cell}" if formula else cell


def shown_cell(cell: Any) -> Any:
    """Return a plain cell with its invisible characters spelt out."""
    return plain_cell(spelt_out(cell) if isinstance(cell, str) else cell)
