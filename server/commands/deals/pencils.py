"""Commands for stored pencils: recompute them, and report the markup and concessions that were given."""

import asyncio
import datetime as dt
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices

if TYPE_CHECKING:
    from server.database.deals.pencils import Given
    from server.settings import Settings
    from server.work.replay import Verified


def add_pencil_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``verify-pencils`` and ``report-markup``."""

    @app.command("verify-pencils")
    def verify(data_dir: DataDir = None) -> None:
        """Recompute every stored pencil from its stored inputs. Exit code 1 where one differs by a cent."""
        with services(data_dir) as settings:
            verified = asyncio.run(_verify(settings))
        for each in verified.differences:
            print(f"{each.pencil_id} (engine {each.engine}): {each.what}", file=sys.stderr)
        print(f"{verified.equal} pencils match to the cent, {len(verified.differences)} differ")
        if verified.differences:
            raise typer.Exit(1)

    @app.command("report-markup")
    def report(
        month: Annotated[
            dt.datetime,
            typer.Option("--month", formats=["%Y-%m"], help="The month, such as 2026-01, in UTC."),
        ],
        data_dir: DataDir = None,
    ) -> None:
        """Print how evenly markup and concessions were given in a month: the last pencil of each deal.

        A concession is the sum of price cut, discount, allowance above ACV and deal-specific rebates.

        The report covers all deals, then each lender, each salesperson, and each reason for a rate below the
        standard.
        """
        from protocol.deal.structure import FIRST_DATE, LAST_DATE

        if not FIRST_DATE <= month.date() <= LAST_DATE:
            raise typer.BadParameter(
                f"expected a month from {FIRST_DATE:%Y-%m} to {LAST_DATE:%Y-%m}", param_hint="--month"
            )
        with services(data_dir) as settings:
            given = asyncio.run(_given(settings, month.date()))
        print("\n".join(markup_report(given)))


def markup_report(given: list["Given"]) -> list[str]:
    """Return the report's lines: groups with their deals, quantiles of markup (bp) and concession ($)."""
    heads = (
        "group",
        "deals",
        "markup min",
        "p10",
        "p50",
        "p90",
        "max",
        "given min",
        "p10",
        "p50",
        "p90",
        "max",
    )
    groups: dict[str, list[Given]] = {"all": list(given)}
    for kind in ("lender", "salesperson", "reason"):
        named = sorted({str(getattr(each, kind) or "standard rate") for each in given})
        for name in named:
            members = [each for each in given if str(getattr(each, kind) or "standard rate") == name]
            groups[f"{kind}: {name}"] = members
    width = max(len(name) for name in groups)
    lines = [_line(heads, width)]
    for name, members in groups.items():
        markups = sorted(float(each.markup_bp) for each in members)
        conceded = sorted(each.concession_cents / 100 for each in members)
        figures = [f"{value:,.2f}" for values in (markups, conceded) for value in _quantiles(values)]
        lines.append(_line((name, str(len(members)), *figures), width))
    return lines


def _quantiles(values: list[float]) -> list[float]:
    """Return least, 10th, 50th, 90th percentile (nearest rank) and most of sorted values; zeros of none."""
    if not values:
        return [0.0] * 5
    ranks = (0.0, 0.1, 0.5, 0.9, 1.0)
    return [values[max(0, -int(-rank * len(values) // 1) - 1)] for rank in ranks]


def _line(cells: tuple[str, ...], width: int) -> str:
    return cells[0].ljust(width) + "".join(cell.rjust(12) for cell in cells[1:])


async def _verify(settings: "Settings") -> "Verified":
    from server.database.core.pool import connect_as_owner
    from server.work.replay import verify_pencils

    async with connect_as_owner(settings.database_owner_url) as database:
        return await verify_pencils(database)


async def _given(settings: "Settings", month: dt.date) -> list["Given"]:
    from server.database.core.pool import connect_as_owner
    from server.database.deals.pencils import given_in

    async with connect_as_owner(settings.database_owner_url) as database:
        return await given_in(database, month)
