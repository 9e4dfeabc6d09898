"""The first schema."""

from server.database.core.migrate import run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run 0001_initial.sql."""
    run_sql_file("0001_initial.sql")
