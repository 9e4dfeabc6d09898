"""Files of the history whose page is read again."""

import datetime as dt

import pytest

from tests.warehouse.conftest import Both
from tests.warehouse.sample import fill, payments
from tests.warehouse.test_history import payments_here

pytestmark = pytest.mark.flow


async def test_a_page_that_was_written_and_not_noted_replaces_its_files(both: Both) -> None:
    """As after a crash between the files and the note in the database."""
    await fill(both.source, payments=payments(30))
    await both.sync("payments", rows=10)
    files = sorted((both.folder / "history").rglob("*.parquet"))
    before = payments_here(both)
    long_ago = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
    await both.ours.execute(
        "UPDATE sync_state SET target_at = complete_to, page_at = $1, complete_to = NULL", long_ago
    )

    await both.sync("payments", rows=10)

    assert sorted((both.folder / "history").rglob("*.parquet")) == files
    assert payments_here(both) == before
