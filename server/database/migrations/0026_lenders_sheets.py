"""Lenders' sheets as lenders write them: two edges, overlapping rows, advance rules; state limits."""

from server.database.core.migrate import run_sql_file

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run 0026_lenders_sheets.sql."""
    run_sql_file("0026_lenders_sheets.sql")
