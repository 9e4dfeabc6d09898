"""``sync``: stock, customers and payment history from a warehouse."""

import asyncio
import datetime as dt
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UNUSABLE_INPUT, UserError
from server.secret_files import with_secret_files
from server.settings import process_environment

if TYPE_CHECKING:
    from server.database.core.rejects_file import RejectsFile
    from server.settings import Settings
    from server.warehouse.fields import What
    from server.warehouse.reading.source import Warehouse
    from server.warehouse.syncing import Outcome, Plan, Progress

HISTORY_VARIABLE = "DEAL_HISTORY_DIR"
CHOICES = ("stock", "customers", "payments")


def add_sync_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``sync``."""

    @app.command(
        epilog="Exit codes: 0 done, whatever was rejected; 1 the warehouse or a service is away or too slow;"
        " 2 bad settings or mapping; 3 another sync is running; 4 too many rows would go."
    )
    def sync(
        layout: Annotated[
            Path | None,
            typer.Option(
                "--layout",
                exists=True,
                dir_okay=False,
                help="The mapping file (TOML): tables and columns. Default: deal_architect.stock and so on.",
                show_default=False,
            ),
        ] = None,
        what: Annotated[
            str, typer.Option(help="Which of stock, customers and payments, with commas.")
        ] = ",".join(CHOICES),
        watch: Annotated[
            float | None,
            typer.Option(min=1, help="Sync again and again, so many seconds apart.", show_default=False),
        ] = None,
        share: Annotated[
            float,
            typer.Option(min=0.01, max=1, help="The share of the time that the warehouse works for us."),
        ] = 0.25,
        hours: Annotated[
            str, typer.Option(help="Hours of the day (UTC) to work in, such as 22-6.", show_default=False)
        ] = "0-24",
        page_rows: Annotated[
            int | None,
            typer.Option(
                min=1,
                max=1_000_000,
                help="Rows of a page. Default: 2000; 50000 of payments.",
                show_default=False,
            ),
        ] = None,
        overlap: Annotated[
            float, typer.Option(min=0, help="Seconds that a run reads again, for rows that committed late.")
        ] = 600,
        full: Annotated[
            bool, typer.Option("--full", help="Read everything again, and compare all keys.")
        ] = False,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Read and judge one run, and store nothing.")
        ] = False,
        yes: Annotated[
            bool, typer.Option("--yes", help="Remove what is gone however much it is. Refused above 30 %.")
        ] = False,
        rejects: Annotated[Path, typer.Option(help="File for rejected and doubtful rows.")] = Path(
            "sync.rejects.csv"
        ),
        metrics_file: Annotated[
            Path | None,
            typer.Option(help="File for the textfile collector of Prometheus.", show_default=False),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
        data_dir: DataDir = None,
    ) -> None:
        """Bring stock, customers and payment history from the warehouse at WAREHOUSE_URL: what changed since
        the last time, from where that stopped.

        Any server that speaks PostgreSQL's protocol will do, also Redshift. See docs/operations/warehouse.md.
        """
        from server.database.core.migrate import migrate
        from server.observe.logs import configure_logging
        from server.warehouse.layout import read_layout
        from server.warehouse.reading.pacing import parse_hours
        from server.warehouse.rejects import open_rejects
        from server.warehouse.syncing import Plan

        environ = with_secret_files(process_environment())
        kinds, sections, working = _kinds(what), read_layout(layout), parse_hours(hours)
        url = environ.get("WAREHOUSE_URL", "")
        _warehouse(url, share)  # which checks the address before anything starts
        with services(data_dir) as settings:
            configure_logging(settings.log_level, "sync")
            history = Path(environ.get(HISTORY_VARIABLE) or settings.data_dir / "history")
            plan = Plan(
                sections, kinds, history, page_rows, overlap=dt.timedelta(seconds=overlap),
                full=full, dry=dry_run, confirmed=yes, hours=working,
            )  # fmt: skip
            migrate(settings.database_owner_url)
            with open_rejects(rejects) as listed:
                run = _Run(settings, plan, url, share, listed, metrics_file, as_json)
                asyncio.run(run.once() if watch is None else run.forever(watch))


class _Run:
    """The syncs of one call of the command."""

    def __init__(
        self,
        settings: "Settings",
        plan: "Plan",
        url: str,
        share: float,
        rejects: "RejectsFile",
        metrics_file: Path | None,
        as_json: bool,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._url = url
        self._share = share
        self._rejects = rejects
        self._metrics_file = metrics_file
        self._as_json = as_json
        self._outcomes: Mapping[What, Outcome] = {}

    async def forever(self, seconds: float) -> None:
        """Sync again and again. What only a person can mend ends it; the rest is said, and tried again.

        A kind of which too much would go is left out until a run of ``sync`` has passed it.
        """
        import asyncpg

        from server.warehouse.errors import TooManyGone

        while True:
            try:
                await self.once()
            except UserError as error:
                if error.exit_code == UNUSABLE_INPUT:
                    raise
                if isinstance(error, TooManyGone):
                    refused = {what for what, one in self._outcomes.items() if one.refused is not None}
                    self._plan = replace(self._plan, held=self._plan.held | refused)
                print(f"error: {error}", file=sys.stderr, flush=True)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                print(f"error: {error or type(error).__name__}", file=sys.stderr, flush=True)
            await asyncio.sleep(seconds)

    async def once(self) -> None:
        """Sync once, and say what was done. Raises TooManyGone after that, and other UserErrors."""
        from server.database.core.pool import open_pool
        from server.warehouse.report import as_json, summary_lines
        from server.warehouse.syncing import sync_once

        warehouse = _warehouse(self._url, self._share)
        began = time.monotonic()
        async with await open_pool(self._settings) as pool:
            try:
                with _progress() as progress:
                    self._outcomes = outcomes = await sync_once(
                        self._plan,
                        warehouse,
                        self._settings.database_owner_url,
                        pool,
                        rejects=self._rejects,
                        progress=progress,
                    )
            finally:
                await self._write_metrics()
        if self._as_json:
            seconds = time.monotonic() - began
            print(json.dumps(as_json(outcomes, seconds, warehouse)), flush=True)
        else:
            lines = summary_lines(outcomes, self._rejects.path, self._rejects.left_out)
            print("\n".join(lines), flush=True)
        for one in outcomes.values():
            if one.refused is not None:
                raise one.refused

    async def _write_metrics(self) -> None:
        from server.database.core.pool import connect_as_owner
        from server.warehouse.report import write_metrics

        if self._metrics_file is not None:
            async with connect_as_owner(self._settings.database_owner_url) as database:
                await write_metrics(database, self._metrics_file)


def _warehouse(url: str, share: float) -> "Warehouse":
    from server.warehouse.reading.pacing import Pacing, Patience
    from server.warehouse.reading.source import Warehouse

    return Warehouse(url, Pacing(share), Patience())


def _kinds(text: str) -> "tuple[What, ...]":
    from server.warehouse.errors import LayoutError
    from server.warehouse.fields import What

    names = [name.strip() for name in text.split(",")]
    if not names or any(name not in CHOICES for name in names):
        raise LayoutError(f"--what {text}", f"some of {', '.join(CHOICES)}, with commas")
    kinds = [What(name) for name in CHOICES if name in names]
    # A payment is one of a loan.
    return tuple(
        each for kind in kinds for each in ((What.LOANS, kind) if kind is What.PAYMENTS else (kind,))
    )


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Draw a bar for each kind: how much of the run's time is read. Nobody counts the rows first."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    from server.warehouse.fields import What

    bars: dict[What, TaskID] = {}
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as drawn:

        def report(what: What, rows: int, share: float) -> None:
            if what not in bars:
                bars[what] = drawn.add_task(str(what), total=1.0, rows=0)
            drawn.update(bars[what], completed=share, rows=rows)

        yield report
