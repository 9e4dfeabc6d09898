"""A payment history whose hazards are known, made by DuckDB: each loan's end is drawn once from its curve."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from server.finance.rounding import Floats
from server.history.engine import engine
from server.history.files import HistoryFiles

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
            "CREATE TABLE kinds (kind INTEGER, low DOUBLE, tier VARCHAR, term INTEGER, ltv DOUBLE, pti DOUBLE,"
            " rate DOUBLE)"
        )
        lows = np.cumsum([0.0] + [kind.share for kind in kinds]) / sum(kind.share for kind in kinds)
        database.executemany(
            "INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                (number, float(low), kind.tier, kind.term, kind.ltv_bp, kind.pti_bp, kind.rate_bp)
                for number, (kind, low) in enumerate(zip(kinds, lows, strict=False))
            ],
        )
        database.execute("CREATE TABLE ends (kind INTEGER, low DOUBLE, age INTEGER, status VARCHAR)")
        rows = [row for number, kind in enumerate(kinds) for row in _ends(number, kind)]
        database.executemany("INSERT INTO ends VALUES ($1, $2, $3, $4)", rows)
        database.execute("CREATE TABLE lags (lag INTEGER, share DOUBLE)")
        database.executemany("INSERT INTO lags VALUES ($1, $2)", list(plan.recovered.items()))
        database.execute(_LOANS, {"loans": plan.loans, "seed": plan.seed, "over": plan.origination_months})
        database.execute(
            "COPY (SELECT loan_id, originated_on, term AS term_months, amount AS amount_cents, rate AS rate_bp,"
            " (amount * 10000 / ltv)::BIGINT + 1 AS value_cents, tier, 1::BIGINT AS payment_cents, pti AS pti_bp,"
            f" originated_on::TIMESTAMPTZ AS updated_at FROM loans) TO '{folder}/loans/all.parquet' (FORMAT parquet)"
        )
        window = {"since": plan.seen_from, "until": plan.seen_to}
        database.execute(_SPANS)
        form = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month), OVERWRITE_OR_IGNORE"
        database.execute(
            f"COPY ({_PAYMENTS}) TO '{folder}/payments' ({form}, FILENAME_PATTERN 'base_{{i}}')", window
        )
        stale = (
            f"SELECT * REPLACE ('late' AS status, updated_at - INTERVAL 9 DAY AS updated_at)"
            f" FROM ({_PAYMENTS}) WHERE hash(payment_id) % 10000 < {int(plan.stale_share * 10_000)}"
            f" UNION ALL FROM ({_PAYMENTS}) WHERE hash(payment_id) % 10000 >= {int(1e4 - plan.stale_share * 5_000)}"
        )
        if plan.stale_share:
            database.execute(
                f"COPY ({stale}) TO '{folder}/payments' ({form}, FILENAME_PATTERN 'late_{{i}}')", window
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


_UNIFORM = "(hash({0} * 16 + {1} + $seed * 1000000007) / 18446744073709551616.0)"
_LOANS = f"""
CREATE TABLE loans AS
WITH drawn AS (
    SELECT i, {_UNIFORM.format("i", 1)} AS of_kind, {_UNIFORM.format("i", 2)} AS of_end,
           {_UNIFORM.format("i", 3)} AS of_amount, (i * $over // $loans)::INTEGER AS start
      FROM range($loans) r(i)),
chosen AS (SELECT drawn.*, kinds.* EXCLUDE (low) FROM drawn ASOF JOIN kinds ON drawn.of_kind >= kinds.low)
SELECT printf('L%09d', i) AS loan_id, start, (DATE '{FIRST}' + to_months(start))::DATE AS originated_on, chosen.kind,
       tier, term, ltv, pti, rate, rate / 120000 AS m, (1500000 + of_amount * 2500000)::BIGINT AS amount,
       ends.age AS ended, ends.status
  FROM chosen ASOF JOIN ends ON chosen.kind = ends.kind AND chosen.of_end >= ends.low
"""
_SPANS = """
CREATE VIEW spans AS SELECT *, unnest(range(1, ended + 1)) AS age FROM loans
"""
_LEFT = "(amount * (pow(1 + m, term) - pow(1 + m, {0})) / (pow(1 + m, term) - 1))::BIGINT"
_PAYMENTS = f"""
SELECT loan_id || '-' || age AS payment_id, loan_id, (originated_on + to_months(age::INTEGER))::DATE AS due_on,
       0::BIGINT AS paid_cents,
       CASE WHEN age < ended OR status = 'matured' THEN {_LEFT.format("age - 1")} - {_LEFT.format("age")}
            WHEN status = 'prepaid' THEN {_LEFT.format("age - 1")} ELSE 0 END AS principal_cents,
       0::BIGINT AS interest_cents,
       CASE WHEN age < ended OR status = 'matured' THEN {_LEFT.format("age")}
            WHEN status = 'charged_off' THEN {_LEFT.format("age - 1")} ELSE 0 END AS balance_cents,
       CASE WHEN age < ended THEN 'current' ELSE status END AS status,
       0 AS days_past_due, 0::BIGINT AS recovery_cents,
       (due_on + 10)::TIMESTAMPTZ AS updated_at, strftime(due_on, '%Y-%m') AS month
  FROM spans WHERE start + age BETWEEN $since AND $until - 1
UNION ALL
SELECT loan_id || '-r' || lag, loan_id, (originated_on + to_months((ended + lag)::INTEGER))::DATE AS due_on, 0, 0, 0, 0,
       'charged_off', 0, ({_LEFT.format("ended - 1")} * share)::BIGINT, (due_on + 10)::TIMESTAMPTZ,
       strftime(due_on, '%Y-%m')
  FROM loans, lags WHERE status = 'charged_off' AND start + ended + lag BETWEEN $since AND $until - 1
"""
