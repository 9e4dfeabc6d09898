"""Secrets: the role that sees every store reads no hash of a password or token."""

from server.database.core.migrate import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run 0008_secrets.sql."""
    run_sql_file("0008_secrets.sql")
