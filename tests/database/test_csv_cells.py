"""Cells that we write: a spreadsheet shows them and computes none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.database.core.csv_cells import plain_cell


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK(\"http://x\",A1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\0=1",
        "\ufeff=1", "\xa0=1", "\u200b@x", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\tx", "\rx", "\nx",
    ],
)  # fmt: skip
def test_what_begins_a_formula_gets_an_apostrophe(cell: str) -> None:
    """The rest of the cell stays as it is."""
    assert plain_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Honda", "1=1", "a-b", "'=1", "é", " x", 7, -7, 1.5, None])
def test_everything_else_stays(cell: object) -> None:
    """Numbers are numbers, and a text that begins no formula is not touched."""
    assert plain_cell(cell) == cell


@given(st.text())
def test_once_is_enough(text: str) -> None:
    """A cell that was made plain is plain."""
    assert plain_cell(plain_cell(text)) == plain_cell(text)
