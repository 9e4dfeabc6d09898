"""Customers have a phone number, and are found by words of their name and by phone."""

from server.database.core.migrate import run_sql_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run 0024_customers.sql."""
    run_sql_file("0024_customers.sql")
