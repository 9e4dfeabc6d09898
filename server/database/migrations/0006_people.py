"""People: notifications of changes, and scopes of credentials."""

from server.database.core.migrate import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run 0006_people.sql."""
    run_sql_file("0006_people.sql")
