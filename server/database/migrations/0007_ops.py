"""Commands that changed nothing keep their answers too."""

from server.database.core.migrate import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run 0007_ops.sql."""
    run_sql_file("0007_ops.sql")
