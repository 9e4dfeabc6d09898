"""Stock as dealers send it: cars without a cost, and an index of stock numbers."""

from server.database.core.migrate import run_sql_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Run 0021_dealers_stock.sql."""
    run_sql_file("0021_dealers_stock.sql")
