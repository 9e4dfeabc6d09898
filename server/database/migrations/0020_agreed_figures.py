"""Deals keep what was agreed, proposed and signed; the last steps of a deal have an index."""

from server.database.core.migrate import run_sql_file

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    """Run 0020_agreed_figures.sql."""
    run_sql_file("0020_agreed_figures.sql")
