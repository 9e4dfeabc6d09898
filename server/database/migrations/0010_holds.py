"""Cars that an approval reserves, and ops that answer whom they were answered for."""

from server.database.core.migrate import run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run 0010_holds.sql."""
    run_sql_file("0010_holds.sql")
