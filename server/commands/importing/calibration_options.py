"""The options of ``calibrate``."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

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
Hazards = Annotated[
    Path | None,
    typer.Option(
        "--hazards",
        dir_okay=False,
        help="Write hazards, prepayment and loss by tier, term, LTV band and month to this CSV file.",
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who calibrates, for the record. Default: the account.", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the comparison and store nothing.")]
Confirmed = Annotated[
    bool,
    typer.Option(
        "--yes", help="Do not ask, and accept values that change beyond --most-change and loans left out."
    ),
]
FillMissing = Annotated[
    bool, typer.Option("--fill-missing", help="Give bands without a loan their tier's curve; else refuse.")
]
KeepThin = Annotated[
    bool,
    typer.Option(
        "--keep-thin", help="Keep the curves of tiers with too few charge-offs or prepayments; else refuse."
    ),
]
MostChange = Annotated[
    float,
    typer.Option(
        "--most-change",
        min=0,
        help="Refuse without --yes if the NPV of a contract of $25,000 in any band changes by more dollars.",
    ),
]
MemoryMib = Annotated[
    int,
    typer.Option(
        "--memory-mib", min=256, help="DuckDB's memory; what exceeds it goes to the history's folder."
    ),
]
