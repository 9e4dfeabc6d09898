"""The steps of cash: to which found amounts are rounded up, and between the columns of the pencil grid."""

from server.database.core.migrate import run_sql_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run 0023_cash_steps.sql."""
    run_sql_file("0023_cash_steps.sql")
