"""Scores: a store may keep what its deals are worth from its salespeople."""

from server.database.core.migrate import run_sql_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run 0009_scores.sql."""
    run_sql_file("0009_scores.sql")
