"""What the money is computed from: bands of risk, taxes, rebates, authority; and stored pencils."""

from server.database.core.migrate import run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run 0002_money.sql."""
    run_sql_file("0002_money.sql")
