"""``backup`` and ``restore``: the database as a folder, and back."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UserError

if TYPE_CHECKING:
    from server.database.backups import Manifest
    from server.settings import Settings


class RedisNotEmptied(UserError):
    """The database is restored, and Redis still has the events of the one before."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the database is restored, but Redis could not be emptied ({self.reason}): before people go on"
            " working, send FLUSHDB to it, in a cluster to each master, as a user that may"
        )


METRICS: Final[Mapping[str, str]] = {
    "deal_backup_time_seconds": "The moment of which the backup is",
    "deal_backup_bytes": "The size of its dump",
    "deal_backup_rows": "The rows in it",
}
"""What ``--metrics-file`` says."""


def add_backup_commands(app: typer.Typer, services: WithServices, to_restore: WithServices) -> None:
    """Add ``backup`` and ``restore``. ``to_restore`` are the services whose Redis may be emptied."""

    @app.command("backup")
    def backup(
        folder: Annotated[Path, typer.Argument(help="A new folder, or an empty one.", show_default=False)],
        metrics_file: Annotated[
            Path | None,
            typer.Option(
                "--metrics-file",
                help="Also write when it was made there, for the textfile collector of the node exporter.",
                show_default=False,
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Write a backup of the database into a folder. People may go on working.

        It holds everything but DEAL_SECRET and what Redis has, which is rebuilt.
        """
        from server.database.backups import back_up

        began = time.monotonic()
        with services(data_dir) as settings:
            written = back_up(settings.database_owner_url, folder)
        print(
            f"{written.all_rows:,} rows in {written.dump.bytes:,} bytes,"
            f" as of {written.made_at.isoformat()}, in {time.monotonic() - began:.1f} s: {folder}"
        )
        if metrics_file is not None:
            _write_metrics(metrics_file, written)

    @app.command("restore")
    def restore(
        folder: Annotated[Path, typer.Argument(help="A folder that `backup` wrote.", show_default=False)],
        replace: Annotated[
            bool, typer.Option("--replace", help="Replace everything that the database holds now.")
        ] = False,
        data_dir: DataDir = None,
    ) -> None:
        """Put a backup in the place of what the database holds, and empty Redis.

        Web processes and workers that run meanwhile end, and must be started again, which `up` does. A backup
        of an older release is brought to the newest schema.
        """
        from server.database.backups import complete, open_backup
        from server.database.backups import restore as put_back

        began = time.monotonic()
        manifest = open_backup(folder)
        with to_restore(data_dir) as settings:
            ended = put_back(settings.database_owner_url, folder, manifest, replace=replace)
            try:
                # Before what takes time: processes start again at once, and must not find what is lost.
                asyncio.run(_empty_redis(settings))
            finally:
                complete(settings.database_owner_url)
        print(
            f"{manifest.all_rows:,} rows as of {manifest.made_at.isoformat()}, in"
            f" {time.monotonic() - began:.1f} s; {ended} sessions of the database ended"
        )


def _write_metrics(path: Path, backup: "Manifest") -> None:
    """Write the metrics of a backup in one step: whoever reads meanwhile gets old ones or new ones."""
    from server.observe.metrics.metrics import Metrics
    from server.observe.metrics.writing import written

    metrics = Metrics()
    values = (backup.made_at.timestamp, lambda: backup.dump.bytes, lambda: backup.all_rows)
    for (name, text), value in zip(METRICS.items(), values, strict=True):
        metrics.gauge(name, text, value)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(written(metrics)())
    part.replace(path)


async def _empty_redis(settings: "Settings") -> None:
    from redis.exceptions import RedisError

    from server.log.links.connecting import connect_redis

    client = connect_redis(settings.redis_url, 1, settings.redis_uid)
    try:
        await client.flushdb()
    except (RedisError, OSError) as error:
        raise RedisNotEmptied(" ".join(str(error).split()) or type(error).__name__) from error
    finally:
        await client.aclose()
