"""The command ``calibrate``: a risk model from the payment history."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from server.commands.data_dir import DataDir, WithServices
from server.commands.importing import calibration_options as option

if TYPE_CHECKING:
    import asyncpg

    from protocol.money.lending import RiskModel
    from server.database.editions.calibrations import Calibration
    from server.history.calibration import Wish
    from server.history.report.page import Calibrated


def add_calibrate_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``calibrate``."""

    @app.command()
    def calibrate(
        history: option.History,
        data_dir: DataDir = None,
        as_of: option.AsOf = None,
        effective: option.Effective = None,
        version: option.Version = None,
        report: option.Report = None,
        hazards: option.Hazards = None,
        by: option.By = None,
        dry_run: option.DryRun = False,
        yes: option.Confirmed = False,
        fill_missing: option.FillMissing = False,
        keep_thin: option.KeepThin = False,
        most_change: option.MostChange = 500.0,
        memory_mib: option.MemoryMib = 1_024,
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
            keep_thin=keep_thin,
            most_change=most_change,
            memory_mib=memory_mib,
            made_by=by or _account(),
            software_version=_software_version(),
        )
        with services(data_dir) as settings:
            asyncio.run(
                _run(settings.database_owner_url, history, wish, _Told(dry_run, yes, report, hazards))
            )


@dataclass(frozen=True, slots=True)
class _Told:
    """What was said beforehand: ``--dry-run``, ``--yes``, and the files to write."""

    dry_run: bool
    yes: bool
    report: Path | None
    hazards: Path | None


async def _run(owner_url: str, history: Path, wish: "Wish", told: _Told) -> None:
    from rich.console import Console

    from server.database.core.pool import connect_as_owner
    from server.database.editions.calibrations import check_free, followed_by, store_calibration
    from server.database.editions.writing import Edition
    from server.history.calibration import calibrate
    from server.history.report.terminal import show

    edition = Edition(wish.version, wish.effective, is_sample=False)
    await _check_schema(owner_url, dry_run=told.dry_run)
    async with connect_as_owner(owner_url) as database:
        if not told.dry_run:
            await check_free(database, edition)
        old = await _in_force(database, wish.effective)
        later = await followed_by(database, wish.effective)
    with _progress() as progress:
        found, done = calibrate(history, old, wish, progress)
    print(f"read {done.rows_read:,} payments in {done.made} of {done.months} months")
    show(found, Console())
    _write(found, told)
    if told.dry_run:
        return
    _agree(found, _span(wish.effective, later), yes=told.yes)
    async with connect_as_owner(owner_url) as database:
        await store_calibration(database, edition, found.estimate.model.curves, _record(found, wish))
        later = await followed_by(database, wish.effective)
    rows = len(found.estimate.bands)
    print(f"risk model {wish.version}: {rows:,} rows, in force from {_span(wish.effective, later)}")


async def _check_schema(owner_url: str, *, dry_run: bool) -> None:
    """Bring the schema to the newest revision. Raises CalibrationRefused in a dry run: it changes nothing."""
    from server.database.core.migrate import bring_to_newest, is_current
    from server.history.judging import CalibrationRefused

    if not dry_run:
        await bring_to_newest(owner_url)
    elif not await is_current(owner_url):
        raise CalibrationRefused(["the database has an older schema, which a dry run leaves: run `migrate`"])


def _write(found: "Calibrated", told: _Told) -> None:
    from server.history.report.hazards import write_hazards
    from server.history.report.page import write_page

    if told.report is not None:
        write_page(found, told.report)
        print(f"report: {told.report}")
    if told.hazards is not None:
        write_hazards(found.monthly, told.hazards)
        print(f"hazards: {told.hazards}")


def _span(day: dt.date, later: tuple[str, dt.date] | None) -> str:
    """Return the days of a model from its first one, which ends if a later model has been stored already."""
    return f"{day}" if later is None else f"{day} until {later[0]} takes over on {later[1]}"


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


def _agree(found: "Calibrated", span: str, *, yes: bool) -> None:
    """Return if the model may come into force. Raises CalibrationRefused."""
    from server.history.judging import CalibrationRefused

    if found.objections:
        raise CalibrationRefused(found.objections)
    if yes:
        return
    if found.doubts:
        raise CalibrationRefused(found.doubts)
    kept = f", with the old curves of {', '.join(found.kept)}" if found.kept else ""
    try:
        agreed = typer.confirm(f"Put {found.estimate.model.version} into force from {span}{kept}?")
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
            "kept": band.kept,
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
        payments=found.payment_rows,
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
