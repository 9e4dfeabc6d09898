"""Lease sheets by version."""

from decimal import Decimal
from typing import Any

import asyncpg

from protocol import codec
from protocol.money.leasing import LeaseProgramme, LeaseSheet
from server.database.core.pool import Database
from server.database.editions.rates import NotInForce

LEASE_COLUMNS = LeaseProgramme.__struct_fields__

_PROGRAMMES = (
    f"SELECT {', '.join(LEASE_COLUMNS)} FROM lease_programmes"  # noqa: S608 - names of our own fields
    " WHERE leases_version = $1 ORDER BY programme_id, tier, term_months, miles_per_year, make, model,"
    " segment, year_min, score_min, new_cars, used_cars"
)


async def load_leases(database: Database, version: str) -> LeaseSheet:
    """Return the lease sheet ``version``. Raises NotInForce."""
    rows = await database.fetch(_PROGRAMMES, version)
    if not rows:
        raise NotInForce("lease sheet", version)
    return LeaseSheet(
        version=version, programmes=tuple(codec.convert(LeaseProgramme, _floats(row)) for row in rows)
    )


def _floats(row: asyncpg.Record) -> dict[str, Any]:
    """Return the row with its shares and factors as floats, for bulk arithmetic."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
