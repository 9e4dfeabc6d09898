"""Cells of a versioned table: a value, or what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import Tier
from server.database.importing import amounts

READS = [
    amounts.dollars(),
    amounts.percent(),
    amounts.fraction,
    amounts.whole(0, 10),
    amounts.yes_or_no,
    amounts.one_of(Tier),
    amounts.date,
    amounts.loss_timing,
    amounts.several,
]


@given(st.sampled_from(READS), st.text(max_size=20) | st.text("0123456789.,:%$- ", max_size=20))
def test_no_cell_breaks_the_import(read_cell: amounts.Read, text: str) -> None:
    """Whatever a cell holds: a value, or what was expected."""
    try:
        read_cell(text)
    except amounts.Unexpected as error:
        assert str(error)


@pytest.mark.parametrize("cell", ["= 500", "Harbor Bank = 500; = 1"])
def test_a_cap_needs_a_lender(cell: str) -> None:
    """A product that only a lender without a name finances would be financed by none."""
    with pytest.raises(amounts.Unexpected, match="a lender before each ="):
        amounts.caps(cell)


@given(st.integers(0, 100_000_000_00))
def test_dollars_read_back_to_the_cent(cents: int) -> None:
    """With commas, a sign and two decimals."""
    assert amounts.dollars()(f"${cents // 100:,}.{cents % 100:02}") == cents
