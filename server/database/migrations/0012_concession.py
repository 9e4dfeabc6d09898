"""Concessions: what an approval covered, and what keeps a store's least NPV from being found by asking."""

from server.database.core.migrate import run_sql_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run 0012_concession.sql."""
    run_sql_file("0012_concession.sql")
