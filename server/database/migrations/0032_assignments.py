"""A deal can be given to another salesperson of its store."""

from server.database.core.migrate import run_sql_file

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run 0032_assignments.sql."""
    run_sql_file("0032_assignments.sql")
