"""Cars that move to a store of another group: both groups are notified."""

from server.database.core.migrate import run_sql_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run 0015_moved_cars.sql."""
    run_sql_file("0015_moved_cars.sql")
