"""The command that partitions large tables beside a running system."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices

if TYPE_CHECKING:
    from server.settings import Settings


def add_partition_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``partition``."""

    @app.command("partition")
    def partition(
        parts: Annotated[
            int, typer.Option(min=2, max=256, help="The number of partitions of events and of pencils.")
        ] = 8,
        data_dir: DataDir = None,
    ) -> None:
        """Partition the tables that `migrate` found too large to do at once. Everything keeps running.

        Each table needs room for a second copy of it. An interrupted run is simply started again.
        """
        with services(data_dir) as settings:
            done = asyncio.run(_partition(settings, parts))
        for table, rows in done.items():
            print(f"{table}: {rows:,} rows")
        if not done:
            print("every table is partitioned already")


async def _partition(settings: "Settings", parts: int) -> dict[str, int]:
    from server.commands.terminal import progress_bars
    from server.database.core.partitions import drop_replaced, partition_table, unpartitioned
    from server.database.core.pool import connect_as_owner

    done = {}
    async with connect_as_owner(settings.database_owner_url) as owner:
        await drop_replaced(owner)
        with progress_bars() as report:
            for table in await unpartitioned(owner):
                done[table] = await partition_table(owner, table, parts, report)
    return done
