"""What a sync's run has removed of each store, and whether more of it was refused."""

from server.database.core.migrate import run_sql_file

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Run 0046_removals.sql."""
    run_sql_file("0046_removals.sql")
