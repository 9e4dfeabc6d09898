"""Lenders' sheets as lenders write them: two edges, overlapping rows, advance rules; state limits."""

from server.database.core.migrate import run_sql_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run 0018_lenders_sheets.sql."""
    run_sql_file("0018_lenders_sheets.sql")
