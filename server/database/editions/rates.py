"""Lender programmes, risk curves, tax rules, rebates and state limits by version."""

from decimal import Decimal
from typing import Any

import asyncpg

from protocol import codec
from protocol.money.lending import (
    LimitTable,
    Programme,
    RateSheet,
    Rebate,
    RiskCurve,
    RiskModel,
    StateLimit,
    TaxRule,
    TaxTable,
)
from server.database.core.pool import Database

PROGRAMME_COLUMNS = Programme.__struct_fields__
CURVE_COLUMNS = RiskCurve.__struct_fields__
TAX_COLUMNS = tuple(name for name in TaxRule.__struct_fields__ if name != "taxable_products_cents")
REBATE_COLUMNS = Rebate.__struct_fields__
LIMIT_COLUMNS = StateLimit.__struct_fields__

_PROGRAMMES = (
    f"SELECT {', '.join(PROGRAMME_COLUMNS)} FROM lender_programmes"  # noqa: S608 - names of our own fields
    " WHERE rates_version = $1 ORDER BY programme_id, tier, term_months, row_no"
)
_CURVES = (
    f"SELECT {', '.join(CURVE_COLUMNS)} FROM risk_curves"  # noqa: S608 - names of our own fields
    " WHERE risk_version = $1 ORDER BY tier, term_max_months, ltv_max_bp, pti_max_bp"
)
_TAXES = (
    f"SELECT {', '.join(TAX_COLUMNS)} FROM tax_rules"  # noqa: S608 - names of our own fields
    " WHERE tax_version = $1 ORDER BY state, postal_prefix, jurisdiction"
)
_REBATES = (
    f"SELECT {', '.join(REBATE_COLUMNS)} FROM rebates"  # noqa: S608 - names of our own fields
    " WHERE rebates_version = $1 ORDER BY rebate_id"
)
_LIMITS = (
    f"SELECT {', '.join(LIMIT_COLUMNS)} FROM state_limits"  # noqa: S608 - names of our own fields
    " WHERE limits_version = $1 ORDER BY state"
)


class NotInForce(LookupError):
    """There is no rate sheet, risk model, tax table, rebate sheet or table of state limits with that version,
    or none in force today.
    """

    def __init__(self, what: str, version: str | None) -> None:
        super().__init__(what, version)
        self.what = what
        self.version = version

    def __str__(self) -> str:
        return f"no {self.what} in force today" if self.version is None else f"no {self.what} {self.version}"


async def load_rates(database: Database, version: str) -> RateSheet:
    """Return the rate sheet ``version``, tiers best first. Raises NotInForce."""
    rows = await database.fetch(_PROGRAMMES, version)
    if not rows:
        raise NotInForce("rate sheet", version)
    return RateSheet(
        version=version, programmes=tuple(codec.convert(Programme, _floats(row)) for row in rows)
    )


async def load_risk(database: Database, version: str) -> RiskModel:
    """Return the risk model ``version``, tiers best first. Raises NotInForce."""
    rows = await database.fetch(_CURVES, version)
    if not rows:
        raise NotInForce("risk model", version)
    return RiskModel(version=version, curves=tuple(codec.convert(RiskCurve, _floats(row)) for row in rows))


async def load_taxes(database: Database, version: str) -> TaxTable:
    """Return the tax table ``version``: the wider jurisdictions of a state first. Raises NotInForce."""
    rows = await database.fetch(_TAXES, version)
    if not rows:
        raise NotInForce("tax table", version)
    return TaxTable(version=version, rules=tuple(codec.convert(TaxRule, _floats(row)) for row in rows))


async def load_rebates(database: Database, version: str) -> tuple[Rebate, ...]:
    """Return the rebates of sheet ``version``; a sheet may be empty. Raises NotInForce."""
    if not await database.fetchval(
        "SELECT EXISTS (SELECT FROM rebate_sheets WHERE rebates_version = $1)", version
    ):
        raise NotInForce("rebate sheet", version)
    return tuple(codec.convert(Rebate, dict(row)) for row in await database.fetch(_REBATES, version))


async def load_limits(database: Database, version: str) -> LimitTable:
    """Return the state limits of table ``version``. Raises NotInForce."""
    rows = await database.fetch(_LIMITS, version)
    if not rows:
        raise NotInForce("table of state limits", version)
    return LimitTable(version=version, limits=tuple(codec.convert(StateLimit, _floats(row)) for row in rows))


def _floats(row: asyncpg.Record) -> dict[str, Any]:
    """Return the row with its basis points as floats, for bulk arithmetic."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
