"""The command that imports a dealer's stock into one store."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from server.commands.data_dir import DataDir, WithServices
from server.secret_files import with_secret_files
from server.settings import process_environment

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV file, plain or gzipped.")]
Store = Annotated[
    str | None,
    typer.Option(
        help="The store whose stock it is, such as riverside. Default: the store that was added first; "
        "an embedded database without any gets the sample stores, customers and deals.",
        show_default=False,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", help="COLUMN=FIELD for a header that is not detected; may be repeated."),
]
Constants = Annotated[
    list[str] | None,
    typer.Option("--set", help="FIELD=VALUE that all rows have, such as make=Toyota; may be repeated."),
]
WholeStock = Annotated[
    bool,
    typer.Option(
        "--snapshot",
        help="The file is the store's whole stock: its other cars are gone. Refused above 30 %.",
    ),
]
Confirmed = Annotated[bool, typer.Option("--yes", help="Remove cars of a --snapshot however many they are.")]
Rejects = Annotated[
    Path | None,
    typer.Option(
        help="File for rejected and doubtful rows, each with its reason. Default: NAME.rejects.csv.",
        show_default=False,
    ),
]
MaxMib = Annotated[
    int | None,
    typer.Option(
        "--max-mib",
        min=1,
        help="The most that the file may hold, unpacked, in MiB; a larger one is refused. Default: 1024.",
        show_default=False,
    ),
]


def add_inventory_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``import-inventory``."""

    @app.command("import-inventory")
    def import_inventory(
        file: File,
        data_dir: DataDir = None,
        store: Store = None,
        columns: Columns = None,
        constants: Constants = None,
        snapshot: WholeStock = False,
        yes: Confirmed = False,
        rejects: Rejects = None,
        max_mib: MaxMib = None,
    ) -> None:
        """Import a dealer's inventory into one store. Cars are matched by VIN, so importing the same file
        again changes nothing.

        Every row is either stored or written to the rejects file with the reason; a summary says how many.
        """
        from server.commands.terminal import row_counter
        from server.database.core.migrate import migrate
        from server.database.importing import UNPACKED_MIB, parse_constants, parse_mapping
        from server.database.importing import import_inventory as import_file

        mapping, fixed = parse_mapping(columns or []), parse_constants(constants or [])
        with services(data_dir) as settings:
            owner_url = settings.database_owner_url
            migrate(owner_url)
            chosen = store
            if chosen is None:
                may_seed = not with_secret_files(process_environment()).get("DATABASE_URL")
                chosen = asyncio.run(_first_store(owner_url, may_seed=may_seed))
            with row_counter() as report:
                importing = import_file(
                    owner_url,
                    file,
                    chosen,
                    mapping,
                    rejects,
                    report,
                    max_mib or UNPACKED_MIB,
                    constants=fixed,
                    snapshot=snapshot,
                    confirmed=yes,
                )
                summary = asyncio.run(importing)
        print(f"store {chosen}: {summary}")


async def _first_store(owner_url: str, *, may_seed: bool) -> str:
    """Return the store that was added first; if there is none, add the sample stores without cars."""
    from server.commands.terminal import StoreMissing
    from server.database.people.first_store import first_store
    from server.database.sample.seed import SeedPlan, seed

    found = await first_store(owner_url)
    if found is None and may_seed:
        print(str(await seed(owner_url, SeedPlan(vehicles=0))))
        found = await first_store(owner_url)
    if found is None:
        raise StoreMissing
    return found
