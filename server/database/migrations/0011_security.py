"""Security events: who signed in or was refused, who saw which customer, what was taken out."""

from server.database.core.migrate import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run 0011_security.sql."""
    run_sql_file("0011_security.sql")
