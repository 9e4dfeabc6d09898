"""Row-level security: the second wall between stores."""

from server.database.core.migrate import run_sql_file

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    """Run 0005_rows.sql."""
    run_sql_file("0005_rows.sql")
