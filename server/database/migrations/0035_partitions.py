"""Partitions for events, pencils and security events."""

from server.database.core.migrate import run_sql_file

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Run 0035_partitions.sql."""
    run_sql_file("0035_partitions.sql")
