"""Erasure of a customer's data, with the audit kept."""

from server.database.core.migrate import run_sql_file

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Run 0034_erasure.sql."""
    run_sql_file("0034_erasure.sql")
