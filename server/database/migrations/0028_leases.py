"""Lease sheets: captives' programmes by car, term and mileage."""

from server.database.core.migrate import run_sql_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run 0028_leases.sql."""
    run_sql_file("0028_leases.sql")
