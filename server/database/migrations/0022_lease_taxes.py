"""A jurisdiction's tax on leases."""

from server.database.core.migrate import run_sql_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run 0022_lease_taxes.sql."""
    run_sql_file("0022_lease_taxes.sql")
