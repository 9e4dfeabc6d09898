"""News of cars name their stores: deals that show only their own store's cars ignore the others'."""

from server.database.core.migrate import run_sql_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run 0016_stores_of_news.sql."""
    run_sql_file("0016_stores_of_news.sql")
