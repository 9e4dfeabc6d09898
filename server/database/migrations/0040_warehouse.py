"""How far the sync from a warehouse has come, and what it last said of each customer."""

from server.database.core.migrate import run_sql_file

revision = "0040"
down_revision = "0035"


def upgrade() -> None:
    """Run 0040_warehouse.sql."""
    run_sql_file("0040_warehouse.sql")
