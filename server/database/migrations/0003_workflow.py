"""Salesperson and desk on one deal: offers, states, approvals, lenders' decisions, holds, tasks."""

from server.database.core.migrate import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run 0003_workflow.sql."""
    run_sql_file("0003_workflow.sql")
