"""The catalogue of F&I products, in versions."""

from server.database.core.migrate import run_sql_file

revision = "0019"
down_revision = "0017"


def upgrade() -> None:
    """Run 0019_products.sql."""
    run_sql_file("0019_products.sql")
