"""Orders that see their filters inside the index, and words that are found without reading the stock."""

from server.database.core.migrate import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run 0013_orders.sql."""
    run_sql_file("0013_orders.sql")
