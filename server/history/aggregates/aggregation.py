"""Aggregates a history month by month, by DuckDB, and only the months that changed.

For each month ``aggregates/cells/<month>.parquet`` holds counts and balances by cell and age, and
``aggregates/events/<month>.parquet`` its charge-offs and recoveries. Both are small: their size grows with
the cells and the charge-offs, not with the payments. ``aggregates/ids/<month>.parquet`` has a sample of its
payments' ids as numbers, one of SAMPLED: it shows whether payments are in several months and count in each.
The first month has ``aggregates/living/<month>.parquet`` too: the loans that lived when the history began.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from protocol.money.lending import RiskModel
from server.history.aggregates.durable import put
from server.history.aggregates.engine import MEMORY_MIB, HistoryUnusable, engine
from server.history.aggregates.files import SUFFIX, HistoryFiles
from server.history.aggregates.manifest import (
    AGGREGATES,
    EVENTS,
    IDS,
    LIVING,
    PARTS,
    Edges,
    Manifest,
    Month,
    Stamps,
    changed_months,
    parts_of,
    place_of,
    read_manifest,
    stamps,
    write_manifest,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCRIPTS: Final = Path(__file__).parent / "scripts"
SAMPLED: Final = 64
LOAN_SNAPSHOT: Final = f"loans{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Aggregated:
    """What an aggregation did: months made again of all, rows read; what the whole history has.

    ``rows`` are those of the payments' files, older versions included; ``loan_months`` are the loans with
    payments, summed over the months, and ``orphans`` those of them that are not among the loans. ``loans``
    can be used; the tier, term, amount or rate of ``left_out`` cannot. ``moved`` is about how many payments
    are in more than one month: SAMPLED times those of the sample.
    """

    made: int
    months: int
    rows_read: int
    rows: int
    loan_months: int
    loans: int
    left_out: int
    orphans: int
    moved: int = 0


def edges_of(model: RiskModel) -> tuple[Edges, ...]:
    """Return the edges of the model's bands by tier."""
    tiers = dict.fromkeys(curve.tier for curve in model.curves)
    return tuple(
        Edges(
            tier=tier.value,
            terms=tuple(sorted({one.term_max_months for one in model.curves if one.tier is tier})),
            ltvs=tuple(sorted({one.ltv_max_bp for one in model.curves if one.tier is tier})),
            ptis=tuple(sorted({one.pti_max_bp for one in model.curves if one.tier is tier})),
        )
        for tier in tiers
    )


def aggregate(
    files: HistoryFiles,
    edges: tuple[Edges, ...],
    *,
    memory_mib: int = MEMORY_MIB,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Aggregated:
    """Bring the aggregates up to date and return what was done.

    The manifest is written after each month, so an aggregation that was broken off goes on where it was.
    One process at a time: see ``alone``. Raises HistoryUnusable if the history has no loans or no payments,
    or if a file cannot be read; EngineMissing.
    """
    if not files.loan_files() or not files.months():
        raise HistoryUnusable(str(files.folder), "payments and loans in Parquet files: docs/history.md")
    for part in (*PARTS, LIVING):
        (files.folder / AGGREGATES / part).mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(files.folder)
    with engine(files.folder, memory_mib) as database:
        version = _version(database)
        if (manifest.edges, manifest.engine) != (edges, version):
            manifest = Manifest(edges=edges, engine=version)
        _with_loans(database, files, manifest)
        changed = changed_months(files, manifest)
        _forget(files, manifest)
        rows = 0
        for month in progress(sorted(changed)):
            manifest.months[month] = _aggregate_month(database, files, month, changed[month])
            rows += manifest.months[month].rows
            write_manifest(files.folder, manifest)
        moved = _moved(database, [place_of(files.folder, IDS, month) for month in manifest.months])
    write_manifest(files.folder, manifest)
    return Aggregated(
        made=len(changed),
        months=len(manifest.months),
        rows_read=rows,
        rows=sum(month.rows for month in manifest.months.values()),
        loan_months=sum(month.loan_months for month in manifest.months.values()),
        loans=manifest.loan_count,
        left_out=manifest.left_out,
        orphans=sum(month.orphans for month in manifest.months.values()),
        moved=moved,
    )


def _with_loans(database: "DuckDBPyConnection", files: HistoryFiles, manifest: Manifest) -> None:
    """Make the table ``loans``, and strike the months from the manifest that counted with other loans."""
    place = files.folder / AGGREGATES / LOAN_SNAPSHOT
    now = stamps(files.loan_files())
    if manifest.loans == now and place.exists():
        database.execute(f"CREATE VIEW loans AS FROM read_parquet('{_quoted(place)}')")
        return
    database.execute("CREATE TABLE edges (tier VARCHAR, terms INTEGER[], ltvs DOUBLE[], ptis DOUBLE[])")
    database.executemany(
        "INSERT INTO edges VALUES ($1, $2, $3, $4)",
        [(one.tier, list(one.terms), list(one.ltvs), list(one.ptis)) for one in manifest.edges],
    )
    database.execute(_script("loans"), {"files": _by_age(files.loan_files(), now)})
    # Before the new loans are there: an aggregation that dies in between counts these months again.
    for month in _stale_months(database, place, manifest, now):
        manifest.months.pop(month, None)
    write_manifest(files.folder, manifest)
    new = place.with_suffix(".new")
    database.execute(f"COPY loans TO '{_quoted(new)}' (FORMAT parquet, COMPRESSION zstd)")
    put(new, place)
    database.execute("DROP TABLE loans")
    database.execute(f"CREATE VIEW loans AS FROM read_parquet('{_quoted(place)}')")
    manifest.loans = now
    manifest.loan_count, manifest.left_out = _row(
        database, "SELECT count(*) FILTER (usable), count(*) FILTER (NOT usable) FROM loans"
    )


def _stale_months(
    database: "DuckDBPyConnection", place: Path, manifest: Manifest, now: Stamps
) -> Sequence[str]:
    """Return the aggregated months in which a loan may have payments that changed or disappeared since.

    A new loan can only have some among those without a loan, from the month of its origination on.
    """
    if not manifest.months or manifest.loans == now:
        return ()
    if not place.exists():
        return tuple(manifest.months)
    changed, new = _row(
        database,
        f"""
        SELECT strftime(min(least(old.originated_on, new.originated_on))
                        FILTER (old.loan_id IS NOT NULL), '%Y-%m'),
               strftime(min(new.originated_on) FILTER (old.loan_id IS NULL), '%Y-%m')
          FROM read_parquet('{_quoted(place)}') old FULL JOIN loans new ON old.loan_id = new.loan_id
         WHERE old.loan_id IS NULL OR new.loan_id IS NULL OR old IS DISTINCT FROM new
        """,  # noqa: S608 - our own path
    )
    return [
        name
        for name, month in manifest.months.items()
        if (changed is not None and name >= changed) or (new is not None and month.orphans and name >= new)
    ]


def _aggregate_month(
    database: "DuckDBPyConnection", files: HistoryFiles, month: str, stamped: Stamps
) -> Month:
    paths = _by_age((file for file in files.payment_files(month) if file.name in stamped), stamped)
    database.execute(_script("month"), {"files": paths})
    year, number = map(int, month.split("-"))
    values: dict[str, dict[str, object]] = {
        EVENTS: {"month": year * 12 + number - 1},
        IDS: {"files": paths, "sampled": SAMPLED},
    }
    for part in parts_of(month, files.months()):
        place = place_of(files.folder, part, month)
        new = place.with_suffix(".new")
        copy = f"COPY ({_script(part)}) TO '{_quoted(new)}' (FORMAT parquet, COMPRESSION zstd)"
        database.execute(copy, values.get(part, {}))
        put(new, place)
    # Parquet states its rows in its footer: nothing is scanned.
    [rows] = _row(database, "SELECT sum(num_rows) FROM parquet_file_metadata($files)", {"files": paths})
    loan_months, orphans = _row(database, "SELECT count(*), count(*) FILTER (orphan) FROM seen")
    return Month(files=stamped, rows=int(rows), loan_months=loan_months, orphans=orphans)


def _forget(files: HistoryFiles, manifest: Manifest) -> None:
    """Remove the aggregates of months that have no payments now."""
    there = files.months()
    manifest.months = {name: month for name, month in manifest.months.items() if name in there}
    for part in (*PARTS, LIVING):
        for file in (files.folder / AGGREGATES / part).glob(f"*{SUFFIX}"):
            if file.stem not in there or part not in parts_of(file.stem, there):
                file.unlink()


def _moved(database: "DuckDBPyConnection", samples: Sequence[Path]) -> int:
    """Return about how many payments are in more than one month."""
    if not samples:
        return 0
    [twice] = _row(
        database,
        "SELECT count(*) FROM (SELECT id FROM read_parquet($files) GROUP BY id HAVING count(*) > 1)",
        {"files": [str(place) for place in samples]},
    )
    return int(twice) * SAMPLED


def _version(database: "DuckDBPyConnection") -> str:
    """Return DuckDB's version: another one may number the same ids differently."""
    return str(_row(database, "SELECT version()")[0])


def _by_age(files: Iterable[Path], stamped: Stamps) -> list[str]:
    """Return the files in the order in which they were written."""
    return [str(file) for file in sorted(files, key=lambda file: (stamped[file.name][1], file.name))]


def _script(name: str) -> str:
    return (SCRIPTS / f"{name}.sql").read_text()


def _row(database: "DuckDBPyConnection", query: str, values: object = None) -> tuple[Any, ...]:
    """Return the one row of a query."""
    row: tuple[Any, ...] | None = database.execute(query, values).fetchone()
    if row is None:
        raise LookupError(query)
    return row


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
