"""Deals held in memory: one-trip reads of a decision, and notifications that a deal must be read again."""

from server.database.core.migrate import run_sql_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run 0014_live_deals.sql."""
    run_sql_file("0014_live_deals.sql")
