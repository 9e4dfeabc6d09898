"""Commands for a deal's history: the audit, and the deal after any event."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.data_dir import DataDir, WithServices

if TYPE_CHECKING:
    from server.database.deals.history import History
    from server.settings import Settings

DealId = Annotated[str, typer.Argument(help="The deal's id, as in its address.")]


class Format(StrEnum):
    """The output formats of an audit."""

    JSON = "json"
    CSV = "csv"


def add_audit_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``audit`` and ``replay``."""

    @app.command("audit")
    def audit(
        deal_id: DealId,
        form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.JSON,
        data_dir: DataDir = None,
    ) -> None:
        """Print all decisions, notes and quotes of a deal, in order."""
        from server.database.deals.audit import audit_csv, audit_json

        history = _history(services, data_dir, deal_id)
        print(audit_json(history).decode() if form is Format.JSON else audit_csv(history), end="")
        if form is Format.JSON:
            print()

    @app.command("replay")
    def replay(
        deal_id: DealId,
        at: Annotated[
            int | None,
            typer.Option(
                "--at",
                min=0,
                metavar="SEQ",
                help=(
                    "Number of the event, as `audit` lists it; 0 is the start of the deal."
                    " Default: the last event."
                ),
                show_default=False,
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Print a deal as it was after an event, as a manager saw it, as JSON."""
        from protocol import codec
        from protocol.texts import spelt_out
        from server.database.deals.history import deal_at

        history = _history(services, data_dir, deal_id)
        last = len(history.events)
        if at is not None and at > last:
            raise typer.BadParameter(
                f"expected at most {last}: the deal has {last} events", param_hint="--at"
            )
        print(spelt_out(codec.encode(deal_at(history, last if at is None else at)).decode()))


def _history(services: WithServices, data_dir: Path | None, deal_id: str) -> "History":
    from server.commands.terminal import DealUnknown

    with services(data_dir) as settings:
        found = asyncio.run(_load(settings, deal_id))
    if found is None:
        raise DealUnknown(deal_id)
    return found


async def _load(settings: "Settings", deal_id: str) -> "History | None":
    from server.database.core.pool import connect_as_owner
    from server.database.deals.history import load_history

    async with connect_as_owner(settings.database_owner_url) as database:
        return await load_history(database, deal_id)
