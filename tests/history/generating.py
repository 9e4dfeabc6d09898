"""A payment history whose hazards are known, made by DuckDB: each loan's end is drawn once from its curve."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from server.finance.rounding import Floats
from server.history.aggregates.engine import engine
from server.history.aggregates.files import HistoryFiles

FIRST = dt.date(2017, 1, 1)


@dataclass(frozen=True, slots=True)
class Known:
    """The loans of one kind and their monthly hazards: arrays of shape (term,), by age less one.

    ``prepayment`` is of the loans that did not default in the month. ``share`` is the weight among the kinds.
    """

    tier: str
    term: int
    ltv_bp: float
    pti_bp: float
    default: Floats
    prepayment: Floats
    rate_bp: float = 800.0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much history: ``loans`` originated evenly over ``origination_months`` from FIRST, their payments
    from month ``seen_from`` to ``seen_to``. ``recovered`` is the share of a default's balance by lag.
    """

    loans: int
    origination_months: int = 48
    seen_from: int = 0
    seen_to: int = 84
    seed: int = 1
    stale_share: float = 0.02
    recovered: Mapping[int, float] = field(default_factory=lambda: {2: 0.2, 4: 0.15, 9: 0.1})


def generate(folder: Path, kinds: Sequence[Known], plan: Plan, memory_mib: int = 2_048) -> HistoryFiles:
    """Write the history into ``folder``: a batch of payments, one of older versions and duplicates."""
    files = HistoryFiles(folder)
    with engine(folder, memory_mib) as database:
        database.execute(
            "CREATE TABLE kinds (kind INTEGER, low DOUBLE, tier VARCHAR, term INTEGER, ltv DOUBLE,"
            " pti DOUBLE, rate DOUBLE);"
            "CREATE TABLE ends (kind INTEGER, low DOUBLE, age INTEGER, status VARCHAR);"
            "CREATE TABLE lags (lag INTEGER, share DOUBLE)"
        )
        lows = np.cumsum([0.0] + [kind.share for kind in kinds]) / sum(kind.share for kind in kinds)
        database.executemany(
            "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                (number, float(low), kind.tier, kind.term, kind.ltv_bp, kind.pti_bp, kind.rate_bp)
                for number, (kind, low) in enumerate(zip(kinds, lows, strict=False))
            ],
        )
        rows = [row for number, kind in enumerate(kinds) for row in _ends(number, kind)]
        database.executemany("INSERT INTO ends VALUES ($1, $2, $3, $4)", rows)
        database.executemany("INSERT INTO lags VALUES ($1, $2)", list(plan.recovered.items()))
        script = (Path(__file__).parent / "loans.sql").read_text()
        for name, value in {
            "loans": plan.loans,
            "over": plan.origination_months,
            "seed": plan.seed,
            "first": f"'{FIRST}'",
            "since": plan.seen_from,
            "until": plan.seen_to,
            "stale": round(plan.stale_share * 10_000),
        }.items():
            script = re.sub(rf"\${name}\b", str(value), script)
        database.execute(script)
        database.execute(f"COPY loan_rows TO '{folder}/loans/all.parquet' (FORMAT parquet)")
        for part in ("payments", "again"):
            database.execute(
                f"COPY (FROM {part}) TO '{folder}/payments' (FORMAT parquet, COMPRESSION zstd,"
                f" PARTITION_BY (month), OVERWRITE_OR_IGNORE, FILENAME_PATTERN '{part}_{{i}}')"
            )
    return files


def _ends(number: int, kind: Known) -> list[tuple[int, float, int, str]]:
    """Return the ways in which a loan ends, each from its lower bound of a uniform variable."""
    rows, alive, low = [], 1.0, 0.0
    for age in range(1, kind.term + 1):
        default = alive * float(kind.default[age - 1])
        prepaid = (alive - default) * float(kind.prepayment[age - 1]) if age < kind.term else 0.0
        for status, share in (("charged_off", default), ("prepaid", prepaid)):
            if share > 0:
                rows.append((number, low, age, status))
                low += share
        alive -= default + prepaid
    return [*rows, (number, low, kind.term, "matured")]
