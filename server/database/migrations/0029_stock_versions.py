"""Announcements of the versions of stocks."""

from server.database.core.migrate import run_sql_file

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run 0029_stock_versions.sql."""
    run_sql_file("0029_stock_versions.sql")
