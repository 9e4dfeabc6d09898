"""Named scenarios of a deal."""

from server.database.core.migrate import run_sql_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run 0030_scenarios.sql."""
    run_sql_file("0030_scenarios.sql")
