"""Trades are records, an appraisal is a task, and a cash value that nobody stated is none."""

from server.database.core.migrate import run_sql_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run 0017_trades.sql."""
    run_sql_file("0017_trades.sql")
