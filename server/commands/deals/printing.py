"""The command that prints a deal's paper, as the Print button does."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UserError

if TYPE_CHECKING:
    from server.settings import Settings


class NotPrinted(UserError):
    """A deal that cannot be printed as asked. ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def add_print_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``print``."""

    @app.command("print")
    def print_deal(
        deal_id: Annotated[str, typer.Argument(help="The deal's id, as in its address.")],
        output: Annotated[Path, typer.Option("-o", "--output", help="The PDF file to write.")],
        cars: Annotated[
            str,
            typer.Option(
                "--cars",
                metavar="A,B,C",
                help="Up to three cars to compare, by stock number or vehicle id. Default: the deal's car.",
                show_default=False,
            ),
        ] = "",
        data_dir: DataDir = None,
    ) -> None:
        """Write a deal's proposal, or a comparison of up to three cars, as a PDF for the customer."""
        names = [name.strip() for name in cars.split(",") if name.strip()]
        with services(data_dir) as settings:
            content = asyncio.run(_paper(settings, deal_id, names))
        try:
            output.write_bytes(content)
        except OSError as error:
            raise NotPrinted(f"--output {output}: cannot be written: {error.strerror}") from None
        print(f"wrote {output}")


async def _paper(settings: "Settings", deal_id: str, names: list[str]) -> bytes:
    from protocol.closing import CommandError
    from protocol.texts import echoed
    from server.commands.terminal import DealUnknown
    from server.compute.pool import ComputePool
    from server.database.core.pool import connect_as_owner, open_pool, open_system_pool
    from server.database.core.scope import StoreScopes, everything
    from server.database.people.users import salesperson_of
    from server.database.stock.names import vehicle_ids_of
    from server.hub.commands.papers import Papers
    from server.hub.commands.quoting.quotes import Quotes
    from server.work.editions import Editions

    async with connect_as_owner(settings.database_owner_url) as database:
        account = await salesperson_of(database, deal_id)
        if account is None:
            raise DealUnknown(deal_id)
        vehicle_ids = await vehicle_ids_of(database, account.store_id, names)
    for name, vehicle_id in zip(names, vehicle_ids, strict=True):
        if name == vehicle_id and not name.isdecimal():
            raise NotPrinted(f"--cars {echoed(name)}: expected a stock number of the group, or a vehicle id")
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings)
        stack.push_async_callback(pool.close)
        system = await open_system_pool(settings)
        stack.push_async_callback(system.close)
        compute = ComputePool()
        await stack.enter_async_context(compute.running(1))
        stores = StoreScopes(pool)
        editions = Editions(everything(system))
        papers = Papers(stores, Quotes(stores, compute, editions), compute, editions)
        try:
            return await papers.paper(deal_id, vehicle_ids, account)
        except CommandError as error:
            raise NotPrinted(error.message) from None
