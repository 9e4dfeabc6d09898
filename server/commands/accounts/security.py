"""The command that lists security events as JSON or CSV, or deletes old ones."""

import asyncio
import csv
import io
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from server.commands.data_dir import DataDir, WithServices
from server.database.people.security_events import SecurityKind

if TYPE_CHECKING:
    import datetime as dt

    from server.database.people.security_events import Asked, ListedEvent
    from server.settings import Settings

PAGE: Final = 200
LIMIT: Final = 1_000


class Format(StrEnum):
    """The output formats of events."""

    JSON = "json"
    CSV = "csv"


def add_security_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``security-events``."""

    @app.command("security-events")
    def security_events(
        kind: Annotated[
            SecurityKind | None, typer.Option(help="List events of this kind only.", show_default=False)
        ] = None,
        who: Annotated[
            str | None, typer.Option(help="List events of this login or address only.", show_default=False)
        ] = None,
        store: Annotated[str | None, typer.Option(help="List this store only.", show_default=False)] = None,
        since: Annotated[
            str | None,
            typer.Option(
                help="List events since this day, or this time with its UTC offset.", show_default=False
            ),
        ] = None,
        limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="The most events to list.")] = LIMIT,
        form: Annotated[
            Format, typer.Option("--format", help="JSON (one object per line) or CSV.")
        ] = Format.JSON,
        purge_before: Annotated[
            str | None,
            typer.Option(
                help="Delete events that ended before this day (UTC), and list nothing.", show_default=False
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """List sign-ins and refusals, customers viewed and data exported: newest first."""
        from server.database.people.security_events import Asked, parse_moment

        if purge_before is not None:
            day = parse_moment(purge_before)
            if day is None or len(purge_before) != len("2026-01-31"):
                raise typer.BadParameter("expected a day such as 2026-01-31", param_hint="--purge-before")
            with services(data_dir) as settings:
                print(f"{asyncio.run(_purge(settings, day.date()))} rows deleted")
            return
        moment = None if since is None else parse_moment(since)
        if since is not None and moment is None:
            raise typer.BadParameter(
                "expected a day such as 2026-01-31, or a time with its UTC offset", param_hint="--since"
            )
        with services(data_dir) as settings:
            asked = Asked(kind, who and who.strip().lower(), _digest(settings, who), moment)
            events = asyncio.run(_load(settings, store, asked, limit))
        print(_json(events) if form is Format.JSON else events_csv(events), end="")


def _digest(settings: "Settings", who: str | None) -> str | None:
    """Return the digest of an unknown login, if this terminal has the key of the web processes."""
    from server.database.people.security_events import digest_of

    return digest_of(settings.secret.encode(), who.strip().lower()) if who and settings.secret else None


def events_csv(events: Sequence["ListedEvent"]) -> str:
    """Return events as CSV with a header; no cell is a formula."""
    from protocol import codec
    from server.database.core.csv_cells import shown_cell
    from server.database.people.security_events import FIELDS, shown

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for event in events:
        row = shown(event) | {
            "at": event.counted.event.at.isoformat(),
            "until": event.counted.until.isoformat(),
            "customer_ids": " ".join(event.counted.event.customer_ids),
            "detail": codec.encode(dict(event.counted.event.detail)).decode(),
        }
        writer.writerow([shown_cell(row[name]) for name in FIELDS])
    return out.getvalue()


def _json(events: Sequence["ListedEvent"]) -> str:
    from protocol import codec
    from server.database.people.security_events import shown

    return "".join(codec.encode(shown(event)).decode() + "\n" for event in events)


async def _load(settings: "Settings", store: str | None, asked: "Asked", limit: int) -> list["ListedEvent"]:
    from server.database.core.pool import connect_as_owner
    from server.database.people.security_events import list_events

    found: list[ListedEvent] = []
    following: str | None = None
    async with connect_as_owner(settings.database_owner_url) as database:
        while len(found) < limit:
            size = min(PAGE, limit - len(found))
            page, following = await list_events(database, store, asked, following, size, unplaced=False)
            found += page
            if following is None:
                break
    return found


async def _purge(settings: "Settings", before: "dt.date") -> int:
    from server.database.core.pool import connect_as_owner
    from server.database.people.security_events import purge_events

    async with connect_as_owner(settings.database_owner_url) as database:
        return await purge_events(database, before)
