"""Security events: sign-ins and refusals, customers viewed, exports."""

from server.database.core.migrate import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run 0011_security.sql."""
    run_sql_file("0011_security.sql")
