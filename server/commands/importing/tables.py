"""Commands that import a version of a table from CSV, such as a rate sheet or a lease sheet."""

import asyncio
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UNUSABLE_INPUT

if TYPE_CHECKING:
    from server.database.editions.writing import Edition
    from server.database.importing.table_layout import TableLayout
    from server.database.importing.versioned import Check

    Table = tuple[TableLayout, Check | None]

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV file, plain or gzipped.")]
Version = Annotated[str, typer.Option("--version", help="The name of the new version, such as 2026-03.")]
EffectiveFrom = Annotated[
    dt.datetime | None,
    typer.Option(
        "--effective-from",
        formats=["%Y-%m-%d"],
        help="First day in force. The version ends when a newer one begins. Default: today (UTC).",
        show_default=False,
    ),
]
Sample = Annotated[bool, typer.Option("--sample/--no-sample", help="Mark the version as sample data.")]
MaxMib = Annotated[
    int | None,
    typer.Option(
        "--max-mib",
        min=1,
        help="The most that the file may hold, unpacked, in MiB; a larger one is refused. Default: 64.",
        show_default=False,
    ),
]


def add_import_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``import-rates``, ``import-risk``, ``import-tax``, ``import-rebates``, ``import-limits``,
    ``import-products`` and ``import-leases``.

    Each stores the whole file or nothing. Faults go to standard error, one per line, and the exit code is
    then 2.
    """
    for name, (summary, table) in _TABLES.items():
        app.command(name, help=summary)(_command(services, table))


def _command(services: WithServices, table: "Callable[[str], Table]") -> Callable[..., None]:
    """Return the command that imports one table; ``table`` says how, for a version."""

    def command(
        file: File,
        version: Version,
        effective_from: EffectiveFrom = None,
        sample: Sample = False,
        data_dir: DataDir = None,
        max_mib: MaxMib = None,
    ) -> None:
        from server.database.editions.writing import Edition

        day = (effective_from or dt.datetime.now(dt.UTC)).date()
        _import(services, data_dir, file, table(version), Edition(version, day, is_sample=sample), max_mib)

    return command


# Each imports what it needs, so that the help of the others answers at once.


def _rates(_version: str) -> "Table":
    from server.database.importing import PROGRAMMES
    from server.finance.rules.rebates import check_exclusions

    return PROGRAMMES, check_exclusions


def _risk(version: str) -> "Table":
    from protocol.money.lending import RiskModel
    from server.database.importing import CURVES
    from server.finance.value.curves import check_model

    def check(curves: Sequence[Any]) -> None:
        check_model(RiskModel(version=version, curves=tuple(curves)))

    return CURVES, check


def _tax(_version: str) -> "Table":
    from server.database.importing import RULES

    return RULES, None


def _rebates(_version: str) -> "Table":
    from server.database.importing import REBATE_PROGRAMMES

    return REBATE_PROGRAMMES, None


def _limits(_version: str) -> "Table":
    from server.database.importing import STATE_LIMITS

    return STATE_LIMITS, None


def _products(_version: str) -> "Table":
    from server.database.importing import CATALOGUE, check_packages

    return CATALOGUE, check_packages


def _leases(_version: str) -> "Table":
    from server.database.importing import LEASE_PROGRAMMES

    return LEASE_PROGRAMMES, None


_TABLES: Final[dict[str, tuple[str, "Callable[[str], Table]"]]] = {
    "import-rates": (
        "Add a version of the rate sheet: lenders' programmes, one row per tier and band.",
        _rates,
    ),
    "import-risk": (
        "Add a version of the risk model: one row per tier and band of term, LTV and PTI.",
        _risk,
    ),
    "import-tax": ("Add a version of the tax table: one row per jurisdiction.", _tax),
    "import-rebates": ("Add a version of the manufacturers' rebates: one row per rebate.", _rebates),
    "import-limits": ("Add a version of the state limits: one row per state, each with its source.", _limits),
    "import-leases": (
        "Add a version of the lease sheet: one row per programme, tier, term, mileage and cars.",
        _leases,
    ),
    "import-products": ("Add a version of the catalogue of F&I products: one row per product.", _products),
}
"""Each command's summary, and its table: the columns, and the check of all rows together."""


def _import(
    services: WithServices,
    data_dir: Path | None,
    file: Path,
    table: "Table",
    edition: "Edition",
    max_mib: int | None,
) -> None:
    from server.database.core.migrate import bring_to_newest
    from server.database.importing import TABLE_MIB, TableRejected, import_table

    layout, check = table

    async def run(owner_url: str) -> int:
        await bring_to_newest(owner_url)
        most = max_mib or TABLE_MIB
        return await import_table(owner_url, file, layout, edition, check, most_mib=most)

    with services(data_dir) as settings:
        try:
            rows = asyncio.run(run(settings.database_owner_url))
        except TableRejected as error:
            for fault in error.faults:
                print(f"{file}: {fault}", file=sys.stderr)
            print(f"error: {error.summary}", file=sys.stderr)
            raise typer.Exit(UNUSABLE_INPUT) from None
    print(f"{layout.kind.name} {edition.version}: {rows:,} rows, in force from {edition.effective_from}")
