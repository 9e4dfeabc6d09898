"""Commands for a customer's request: export or erase what is held, and repeat erasures after a restore."""

import asyncio
import getpass
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from server.commands.data_dir import DataDir, WithServices
from server.errors import UNUSABLE_INPUT, UserError

if TYPE_CHECKING:
    import asyncpg
    from redis.asyncio import Redis

    from server.privacy.batches import Failed
    from server.privacy.erasing import Request, Result
    from server.settings import Settings

CustomerId = Annotated[
    str, typer.Argument(help="The customer's id, as `security-events` and audits list it.")
]
RequestNumber = Annotated[
    str,
    typer.Option(
        "--request",
        help="The store's own number of the customer's request. It is kept: write nothing of the customer.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", help="Who enters the request. Default: the user of this terminal.", show_default=False
    ),
]
MOST_CHARACTERS: Final = 100


class ErasuresUnreadable(UserError):
    """A list of erasures has a line that is none."""

    exit_code = UNUSABLE_INPUT

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(path, line)
        self.path, self.line = path, line

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: expected a JSON object as `deal-architect erasures` writes it"


class NotErasedAgain(UserError):
    """Some customers of a list are not erased in the database that was restored; the others are."""

    def __init__(self, left: "tuple[Failed, ...]") -> None:
        super().__init__(left)
        self.left = left

    def __str__(self) -> str:
        lines = "".join(f"\n  {each}" for each in self.left)
        return f"{len(self.left)} of the list not erased; run this again when that is mended:{lines}"


def add_customer_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``export-customer``, ``erase-customer``, ``erasures`` and ``erase-again``."""

    @app.command("export-customer")
    def export(
        customer_id: CustomerId, request: RequestNumber, by: By = None, data_dir: DataDir = None
    ) -> None:
        """Print everything that is held of a customer, as JSON: rows by table. The export is recorded.

        It holds the store's own figures, too: read it before it leaves the store.
        """
        from server.privacy.exporting import export_customer

        asked = _request(customer_id, request, by)
        with services(data_dir) as settings:
            print(json.dumps(asyncio.run(_with_owner(settings, lambda owner: export_customer(owner, asked)))))

    @app.command("erase-customer")
    def erase(
        customer_id: CustomerId,
        request: RequestNumber,
        by: By = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        data_dir: DataDir = None,
    ) -> None:
        """Erase who a customer is, and keep figures, decisions and times. There is no way back.

        If the law obliges you to keep a deal, the customer is hidden from everybody instead, and
        `deal-architect retain` erases the data when the time is over. Customers with open deals are
        refused.
        """
        asked = _request(customer_id, request, by)
        with services(data_dir) as settings:
            plan = asyncio.run(_with_owner(settings, lambda owner: _plan(owner, settings, customer_id)))
            print(plan)
            if dry_run:
                return
            if not yes:
                typer.confirm("Erase this customer?", abort=True, err=True)
            result = asyncio.run(_erase(settings, asked))
        print(said(result))

    @app.command("erasures")
    def erasures(data_dir: DataDir = None) -> None:
        """List erased and restricted customers, one JSON object a line: keep it apart from the backups."""
        with services(data_dir) as settings:
            for row in asyncio.run(_with_owner(settings, _erasures)):
                print(json.dumps(row))

    @app.command("erase-again")
    def again(
        listed: Annotated[
            list[Path],
            typer.Argument(help="What `erasures` wrote, at any times.", exists=True, dir_okay=False),
        ],
        data_dir: DataDir = None,
    ) -> None:
        """Erase all customers of these lists again, after a backup from before their erasure was restored."""
        from server.privacy.batches import Failed
        from server.privacy.erasing import CustomerUnknown

        asked = {each.customer_id: each for path in listed for each in read_list(path)}
        with services(data_dir) as settings:
            results = asyncio.run(_erase_again(settings, list(asked.values())))
        for text, count in Counter(map(said, results)).items():
            print(f"{count} x {text}")
        left = tuple(
            each
            for each in results
            if isinstance(each, Failed) and not isinstance(each.error, CustomerUnknown)
        )
        if left:
            raise NotErasedAgain(left)


def read_list(path: Path) -> "list[Request]":
    """Return the requests of a list that ``erasures`` wrote. Raises ErasuresUnreadable."""
    import datetime as dt

    from server.privacy.erasing import Request

    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            at = dt.datetime.fromisoformat(row["asked_at"])
            named = {"number": row["request"], "by": row["asked_by"], "store_id": row["store_id"]}
            texts = {name: str(value) for name, value in named.items()}
            found.append(Request(str(row["customer_id"]), asked_at=at, **texts))
        except (ValueError, KeyError, TypeError) as error:
            raise ErasuresUnreadable(path, number) from error
    return found


def said(result: "Result | Failed") -> str:
    """Return what became of a request, or why nothing became of it."""
    from server.privacy.batches import Failed
    from server.privacy.erasing import CustomerUnknown, Outcome
    from server.privacy.obligations import DealsOpen

    if isinstance(result, Failed):
        match result.error:
            case CustomerUnknown():
                return "not in this database, and noted: nothing brings them back"
            case DealsOpen():
                return (
                    "not erased yet: open deals, or notices to send; noted, `retain` erases them afterwards"
                )
        return "not erased: " + type(result.error).__name__
    if result.kept is not None:
        return f"hidden: {result.kept.reason} must be kept until {result.kept.until:%Y-%m-%d}"
    return "erased before; the kept records are unchanged" if result.outcome is Outcome.ALREADY else "erased"


async def _erase(settings: "Settings", request: "Request") -> "Result":
    from server.clock import utc_now
    from server.commands.terminal import progress_bars
    from server.privacy.erasing import erase_customer

    async with _opened(settings) as (owner, redis):
        with progress_bars() as report:
            return await erase_customer(owner, redis, request, settings.keep, now=utc_now(), report=report)


async def _erase_again(settings: "Settings", requests: "Sequence[Request]") -> "list[Result | Failed]":
    from server.clock import utc_now
    from server.commands.terminal import progress_bars
    from server.privacy.batches import erase_again

    async with _opened(settings) as (owner, redis):
        with progress_bars() as report:
            return await erase_again(owner, redis, requests, settings.keep, now=utc_now(), report=report)


@asynccontextmanager
async def _opened(settings: "Settings") -> "AsyncIterator[tuple[asyncpg.Connection, Redis]]":
    from server.database.core.pool import connect_as_owner
    from server.log.links.connecting import connect_redis

    redis = connect_redis(settings.redis_url, 1, settings.redis_uid)
    try:
        async with connect_as_owner(settings.database_owner_url) as owner:
            yield owner, redis
    finally:
        await redis.aclose()


def _request(customer_id: str, number: str, by: str | None) -> "Request":
    from server.privacy.erasing import Request

    by = getpass.getuser() if by is None else by
    for option, text in (("--request", number), ("--by", by)):
        if not 0 < len(text.strip()) <= MOST_CHARACTERS:
            raise typer.BadParameter(f"expected 1 to {MOST_CHARACTERS} characters", param_hint=option)
    return Request(customer_id, number.strip(), by.strip())


async def _plan(owner: "asyncpg.Connection", settings: "Settings", customer_id: str) -> str:
    from server.clock import utc_now
    from server.privacy.erasing import counts_of
    from server.privacy.obligations import must_keep

    counts = await counts_of(owner, customer_id)
    kept = await must_keep(owner, customer_id, settings.keep, utc_now())
    found = ", ".join(f"{count} {name}" for name, count in counts.items())
    if kept is not None:
        return (
            f"{found}: nothing is erased before {kept.until:%Y-%m-%d}, because of {kept.reason};"
            " until then the customer is hidden"
        )
    return f"{found}: the customer's data in them is erased, figures and decisions stay"


async def _erasures(owner: "asyncpg.Connection") -> list[dict[str, Any]]:
    rows = await owner.fetch(
        "SELECT to_jsonb(e) - 'digest' AS row FROM erasures e ORDER BY asked_at, customer_id"
    )
    return [row["row"] for row in rows]


async def _with_owner(settings: "Settings", work: "Callable[[asyncpg.Connection], Awaitable[Any]]") -> Any:
    from server.database.core.pool import connect_as_owner

    async with connect_as_owner(settings.database_owner_url) as owner:
        return await work(owner)
