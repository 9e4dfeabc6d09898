"""Deals of hidden customers take nothing, and what erasures and partitions lacked."""

from server.database.core.migrate import run_sql_file

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Run 0047_hidden.sql."""
    run_sql_file("0047_hidden.sql")
