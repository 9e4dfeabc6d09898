"""Lender programmes and risk curves, by version or as in force today."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from protocol import codec
from protocol.lending import Programme, RateSheet, RiskCurve, RiskModel
from server.store.pool import Connection

PROGRAMME_COLUMNS = Programme.__struct_fields__
CURVE_COLUMNS = RiskCurve.__struct_fields__

_PROGRAMMES = (
    f"SELECT {', '.join(PROGRAMME_COLUMNS)} FROM lender_programmes"  # noqa: S608 - names of our own fields
    " WHERE rates_version = $1 ORDER BY programme_id, tier, term_months"
)
_CURVES = (
    f"SELECT {', '.join(CURVE_COLUMNS)} FROM risk_curves"  # noqa: S608 - names of our own fields
    " WHERE risk_version = $1 ORDER BY tier, term_max_months, ltv_max_bp, pti_max_bp"
)
_RATES_TODAY = (
    "SELECT rates_version FROM rate_sheets WHERE effective_from <= current_date"
    " AND (effective_to IS NULL OR effective_to >= current_date) ORDER BY effective_from DESC LIMIT 1"
)
_RISK_TODAY = (
    "SELECT risk_version FROM risk_models WHERE effective_from <= current_date"
    " ORDER BY effective_from DESC LIMIT 1"
)


class NotInForce(LookupError):
    """There is no rate sheet or risk model of that version, or none for today."""

    def __init__(self, what: str, version: str | None) -> None:
        super().__init__(what, version)
        self.what = what
        self.version = version

    def __str__(self) -> str:
        return f"no {self.what} in force today" if self.version is None else f"no {self.what} {self.version}"


async def load_rates(connection: Connection, version: str | None = None) -> RateSheet:
    """Return the rate sheet ``version``, or the one in force today, tiers best first. Raises NotInForce."""
    chosen = version or await connection.fetchval(_RATES_TODAY)
    rows = [] if chosen is None else await connection.fetch(_PROGRAMMES, chosen)
    if not rows:
        raise NotInForce("rate sheet", version)
    return RateSheet(version=chosen, programmes=tuple(codec.convert(Programme, _floats(row)) for row in rows))


async def load_risk(connection: Connection, version: str | None = None) -> RiskModel:
    """Return the risk model ``version``, or the one in force today, tiers best first. Raises NotInForce."""
    chosen = version or await connection.fetchval(_RISK_TODAY)
    rows = [] if chosen is None else await connection.fetch(_CURVES, chosen)
    if not rows:
        raise NotInForce("risk model", version)
    return RiskModel(version=chosen, curves=tuple(codec.convert(RiskCurve, _floats(row)) for row in rows))


def _floats(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with its basis points as floats: all of this is for bulk arithmetic."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
