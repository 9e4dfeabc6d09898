"""Offers that no lender makes: cash deals."""

from server.database.core.migrate import run_sql_file

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run 0027_kinds.sql."""
    run_sql_file("0027_kinds.sql")
