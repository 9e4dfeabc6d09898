"""What each calibrated risk model was made from, by whom and when."""

from server.database.core.migrate import run_sql_file

revision = "0045"
down_revision = "0040"


def upgrade() -> None:
    """Run 0045_calibrations.sql."""
    run_sql_file("0045_calibrations.sql")
