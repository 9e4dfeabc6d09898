"""The catalogue of F&I products, in versions."""

from server.database.core.migrate import run_sql_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run 0025_products.sql."""
    run_sql_file("0025_products.sql")
