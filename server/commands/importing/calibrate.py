"""The command ``calibrate``: a risk model from the payment history."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices

if TYPE_CHECKING:
    import asyncpg

    from protocol.money.lending import RiskModel
    from server.database.editions.calibrations import Calibration
    from server.history.calibration import Wish
    from server.history.report.page import Calibrated

History = Annotated[
    Path,
    typer.Option(
        "--history",
        exists=True,
        file_okay=False,
        help="The folder of Parquet files that `sync` writes: payments and loans (docs/history.md).",
    ),
]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="Payments due in months before this day's month count. Default: today (UTC).",
        show_default=False,
    ),
]
Effective = Annotated[
    dt.datetime | None,
    typer.Option(
        "--effective",
        formats=["%Y-%m-%d"],
        help="First day in force. The model before it ends then. Default: today (UTC).",
        show_default=False,
    ),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        help="The new model's name. Default: history-DATE, the day of --as-of.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        dir_okay=False,
        help="Write the comparison with plots to this HTML file.",
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who calibrates, for the record. Default: the account.", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the comparison and store nothing.")]
Confirmed = Annotated[
    bool, typer.Option("--yes", help="Do not ask, and accept values that change beyond --most-change.")
]
FillMissing = Annotated[
    bool, typer.Option("--fill-missing", help="Give bands without a loan their tier's curve; else refuse.")
]
MostChange = Annotated[
    float,
    typer.Option(
        "--most-change",
        min=0,
        help="Refuse without --yes if the NPV of a standard contract of $25,000 changes by more dollars.",
    ),
]
MemoryMib = Annotated[
    int,
    typer.Option(
        "--memory-mib", min=256, help="DuckDB's memory; what exceeds it goes to the history's folder."
    ),
]


def add_calibrate_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``calibrate``."""

    @app.command()
    def calibrate(
        history: History,
        data_dir: DataDir = None,
        as_of: AsOf = None,
        effective: Effective = None,
        version: Version = None,
        report: Report = None,
        by: By = None,
        dry_run: DryRun = False,
        yes: Confirmed = False,
        fill_missing: FillMissing = False,
        most_change: MostChange = 500.0,
        memory_mib: MemoryMib = 1_024,
    ) -> None:
        """Estimate a version of the risk model from the payment history, compare it with the one in force,
        and store it once you agree.

        Only months that changed since the last run are read. Refused with the reason if the history is too
        thin. Funding rate and servicing cost stay: no history has them.
        """
        from server.history.calibration import Wish

        today = dt.datetime.now(dt.UTC)
        day = (as_of or today).date()
        wish = Wish(
            version=version or f"history-{day}",
            effective=(effective or today).date(),
            as_of=day,
            fill_missing=fill_missing,
            most_change=most_change,
            memory_mib=memory_mib,
            made_by=by or _account(),
            software_version=_software_version(),
        )
        with services(data_dir) as settings:
            asyncio.run(_run(settings.database_owner_url, history, wish, report, _Answer(dry_run, yes)))


class _Answer:
    """What was said beforehand: ``--dry-run`` and ``--yes``."""

    def __init__(self, dry_run: bool, yes: bool) -> None:
        self.dry_run = dry_run
        self.yes = yes


async def _run(owner_url: str, history: Path, wish: "Wish", report: Path | None, answer: _Answer) -> None:
    from rich.console import Console

    from server.database.core.migrate import bring_to_newest
    from server.database.core.pool import connect_as_owner
    from server.database.editions.calibrations import check_free, store_calibration
    from server.database.editions.writing import Edition
    from server.history.calibration import calibrate
    from server.history.report.page import write_page
    from server.history.report.terminal import show

    edition = Edition(wish.version, wish.effective, is_sample=False)
    await bring_to_newest(owner_url)
    async with connect_as_owner(owner_url) as database:
        if not answer.dry_run:
            await check_free(database, edition)
        old = await _in_force(database, wish.effective)
    with _progress() as progress:
        found, done = calibrate(history, old, wish, progress)
    print(f"read {done.rows_read:,} payments in {done.made} of {done.months} months")
    show(found, Console())
    if report is not None:
        write_page(found, report)
        print(f"report: {report}")
    if answer.dry_run:
        return
    _agree(found, yes=answer.yes)
    async with connect_as_owner(owner_url) as database:
        await store_calibration(database, edition, found.estimate.model.curves, _record(found, wish))
    print(f"risk model {wish.version}: {len(found.estimate.bands):,} rows, in force from {wish.effective}")


async def _in_force(database: "asyncpg.Connection", day: dt.date) -> "RiskModel":
    """Return the risk model in force on a day. Raises CalibrationRefused if there is none."""
    from typing import cast

    from server.database.core.pool import Database
    from server.database.editions.rates import NotInForce, load_risk
    from server.database.editions.versions import risk_in_force
    from server.history.judging import CalibrationRefused

    connection = cast(Database, database)
    try:
        return await load_risk(connection, await risk_in_force(connection, day))
    except NotInForce:
        raise CalibrationRefused(
            [f"no risk model is in force on {day}, whose bands and costs a new one takes: `import-risk`"]
        ) from None


def _agree(found: "Calibrated", *, yes: bool) -> None:
    """Return if the model may come into force. Raises CalibrationRefused."""
    from server.history.judging import CalibrationRefused

    if found.objections:
        raise CalibrationRefused(found.objections)
    if yes:
        return
    if found.too_far:
        raise CalibrationRefused(found.too_far)
    question = f"Put {found.estimate.model.version} into force from {found.effective}?"
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise CalibrationRefused(["it was not confirmed; answer y, or use --yes"])


def _record(found: "Calibrated", wish: "Wish") -> "Calibration":
    from server.database.editions.calibrations import Calibration

    bands = [
        {
            "tier": band.curve.tier.value,
            "term_max_months": band.curve.term_max_months,
            "ltv_max_bp": band.curve.ltv_max_bp,
            "pti_max_bp": band.curve.pti_max_bp,
            "loan_months": band.loan_months,
            "defaults": band.defaults,
            "prepaid": band.prepaid,
            "default_z": band.default_z,
            "prepaid_z": band.prepaid_z,
            "cnl": [band.cnl_low, band.curve.cnl, band.cnl_high],
            "abs_speed": [band.speed_low, band.curve.abs_speed, band.speed_high],
        }
        for band in found.estimate.bands
    ]
    return Calibration(
        replaces=found.old.version,
        made_by=found.made_by,
        software_version=found.software_version,
        as_of=wish.as_of,
        first_month=found.first_month,
        last_month=found.last_month,
        payments=found.payments,
        loans=found.loans,
        bands=bands,
    )


@contextmanager
def _progress() -> Iterator[Callable[[Sequence[str]], Iterable[str]]]:
    """Yield what goes through months and draws a bar of how many are done."""
    from server.commands.terminal import progress_bars

    with progress_bars() as report:

        def through(months: Sequence[str]) -> Iterator[str]:
            for done, month in enumerate(months):
                yield month
                report("months", done + 1, len(months))

        yield through


def _account() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _software_version() -> str:
    from importlib.metadata import version

    return version("deal-architect")
