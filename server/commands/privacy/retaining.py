"""The command that takes away what is old enough, and makes partitions ahead: for a timer, once a day."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UserError

if TYPE_CHECKING:
    from server.database.core.partitions import Unplaced
    from server.privacy.batches import Failed
    from server.privacy.retaining import Due, Retained
    from server.settings import Settings


METRICS: Final = (
    *("deal_retain_time_seconds", "deal_retain_customers", "deal_retain_customers_left"),
    *("deal_rows_unplaced", "deal_months_ahead"),
)
"""The metrics of ``--metrics-file``."""

MOST_SHOWN: Final = 20


class NotErased(UserError):
    """Customers who are due could not be erased; everything else was done."""

    def __init__(self, failed: "tuple[Failed, ...]") -> None:
        super().__init__(failed)
        self.failed = failed

    def __str__(self) -> str:
        lines = "".join(f"\n  {each}" for each in self.failed[:MOST_SHOWN])
        more = f"\n  and {len(self.failed) - MOST_SHOWN} more" if len(self.failed) > MOST_SHOWN else ""
        return f"{len(self.failed)} customers not erased, everything else is done:{lines}{more}"


def add_retain_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``retain``."""

    @app.command("retain")
    def retain(
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask: for a timer.")] = False,
        most: Annotated[int, typer.Option(min=1, help="The most customers to erase in one run.")] = 1_000,
        metrics_file: Annotated[
            Path | None,
            typer.Option(
                "--metrics-file",
                help="Also write what was done there, for the textfile collector of the node exporter.",
                show_default=False,
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Erase, drop and delete what DEAL_KEEP_* says is old enough, and make the next months' partitions.

        An interrupted run is simply started again. A customer who cannot be erased stops nothing else: the
        command ends with 1 after everything is done.
        """
        with services(data_dir) as settings:
            due = asyncio.run(_due(settings))
            print(said(due))
            if dry_run:
                return
            if not yes:
                typer.confirm("Take all this away?", abort=True, err=True)
            done, rest = asyncio.run(_retain(settings, due, most))
        print(
            f"{done.customers} customers erased, {done.links} links and {done.security_events} security"
            f" events gone, {done.months_made} months made ahead"
        )
        if done.left:
            print(f"{done.left} customers are left for the next run")
        if rest is not None and rest.rows:
            print(f"{rest.rows} security events are of no month that has a partition")
        if done.failed:
            raise NotErased(tuple(done.failed))
        if metrics_file is not None:
            write_metrics(metrics_file, done, rest)


def said(due: "Due") -> str:
    """Return what a run would do, on one line."""
    return (
        f"due: {len(due.customers)} customers to erase, {due.links} links,"
        f" {due.security_events} security events from before {due.security_before:%Y-%m-%d}"
    )


def write_metrics(path: Path, done: "Retained", rest: "Unplaced | None") -> None:
    """Write the metrics of a run in one step: whoever reads meanwhile gets the old ones or the new ones."""
    from server.clock import utc_now
    from server.observe.metrics.metrics import Metrics
    from server.observe.metrics.writing import written

    metrics, now = Metrics(), utc_now().timestamp()
    metrics.gauge("deal_retain_time_seconds", "When `retain` last ended without an error", lambda: now)
    metrics.gauge("deal_retain_customers", "Customers that it erased", lambda: done.customers)
    metrics.gauge("deal_retain_customers_left", "Customers that are due after it", lambda: done.left)
    if rest is not None:
        metrics.gauge(
            "deal_rows_unplaced", "Security events of no month that has a partition", lambda: rest.rows
        )
        metrics.gauge("deal_months_ahead", "Months that have a partition ahead", lambda: rest.months_ahead)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(written(metrics)())
    part.replace(path)


async def _due(settings: "Settings") -> "Due":
    from server.clock import utc_now
    from server.database.core.pool import connect_as_owner
    from server.privacy.retaining import what_is_due

    async with connect_as_owner(settings.database_owner_url) as owner:
        return await what_is_due(owner, settings.keep, utc_now())


async def _retain(settings: "Settings", due: "Due", most: int) -> "tuple[Retained, Unplaced | None]":
    from server.clock import utc_now
    from server.commands.terminal import progress_bars
    from server.database.core.partitions import unpartitioned, unplaced
    from server.database.core.pool import connect_as_owner
    from server.log.links.connecting import connect_redis
    from server.privacy.retaining import retain

    redis = connect_redis(settings.redis_url, 1, settings.redis_uid)
    try:
        async with connect_as_owner(settings.database_owner_url) as owner:
            with progress_bars() as report:
                done = await retain(
                    owner, redis, settings.keep, now=utc_now(), most=most, due=due, report=report
                )
            partitioned = "security_events" not in await unpartitioned(owner)
            return done, await unplaced(owner) if partitioned else None
    finally:
        await redis.aclose()
