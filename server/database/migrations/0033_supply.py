"""The units and sales of each model, which days' supply is computed from."""

from server.database.core.migrate import run_sql_file

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run 0033_supply.sql."""
    run_sql_file("0033_supply.sql")
