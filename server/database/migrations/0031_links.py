"""What a deal shows to its customer, the customer's links to it, and what the customer accepted."""

from server.database.core.migrate import run_sql_file

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run 0031_links.sql."""
    run_sql_file("0031_links.sql")
