"""Commands for stores, people, passwords and tokens."""

import asyncio
import datetime as dt
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from protocol.records import Role
from protocol.texts import spelt_out
from server.database.people.credentials import TokenScope
from server.database.people.security_events import SecurityKind

if TYPE_CHECKING:
    import asyncpg

    from server.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the embedded services, as for `up`.", show_default=False),
]
Login = Annotated[str, typer.Argument(help="The person's login.")]
OfUser = Annotated[str, typer.Option("--user", help="The user's login, such as riverside-sales.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it."),
]
WithServices = Callable[[Path | None], AbstractContextManager["Settings"]]
"""Keeps the services of a data folder running while a command needs them."""

TOKEN_DAYS = 30


def add_people_commands(app: typer.Typer, services: WithServices) -> None:
    """Add ``store``, ``user``, ``token``, ``tokens`` and ``revoke-token``."""
    store = typer.Typer(no_args_is_help=True, help="Add, list and change stores.")
    user = typer.Typer(no_args_is_help=True, help="Add, list and change the people who may sign in.")
    app.add_typer(store, name="store")
    app.add_typer(user, name="user")

    def run(data_dir: Path | None, work: Work, told: Told | None = None) -> Any:
        from server.database.core.migrate import migrate

        with services(data_dir) as settings:
            migrate(settings.database_owner_url)
            return asyncio.run(_as_owner(settings.database_owner_url, work, told))

    _add_store_commands(store, run)
    _add_user_commands(user, run)
    _add_token_commands(app, run)


Work = Callable[["asyncpg.Connection"], Awaitable[Any]]
Told = tuple[SecurityKind, str, dict[str, str | int]]
"""A security event: its kind, the login it concerns, and details."""


class Run(Protocol):
    """Runs work on a connection of the database's owner and records the security event, both or neither."""

    def __call__(self, data_dir: Path | None, work: Work, told: Told | None = None) -> Any:
        """Return what the work returns. Raises what it raises."""


def _add_store_commands(store: typer.Typer, run: Run) -> None:
    @store.command("add")
    def add(
        store_id: Annotated[str, typer.Argument(help="Id of the store: lowercase letters, digits and -.")],
        name: Annotated[str, typer.Option(help="Name of the store, as people see it.")],
        state: Annotated[str, typer.Option(help="State that the store is in, such as OH.")],
        group: Annotated[
            str, typer.Option(help="Group whose stock the store can sell. A new name creates the group.")
        ],
        like: Annotated[
            str | None, typer.Option(help="Store to copy fees and terms from.", show_default=False)
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Add a store."""
        from server.database.people.staff import add_store

        run(
            data_dir,
            lambda connection: add_store(
                connection, store_id, name=name, state=state, group_id=group, like=like
            ),
        )
        print(f"store {store_id} added")

    @store.command("change")
    def change(
        store_id: Annotated[str, typer.Argument(help="The store's id.")],
        score_edges: Annotated[
            str | None,
            typer.Option(
                help="Show salespeople a score from 1 to 5 in the place of an NPV: the least NPVs of the"
                " scores 2 to 5 in cents, such as 0,50000,100000,200000; or none, to show the NPV.",
                show_default=False,
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Change a store's settings. Open screens change too."""
        from server.database.people.staff import set_score_edges

        if score_edges is None:
            raise typer.BadParameter("expected at least one option that changes something")
        edges = _edges(score_edges)
        run(data_dir, lambda connection: set_score_edges(connection, store_id, edges))
        print(f"store {store_id} changed")

    @store.command("list")
    def list_all(data_dir: DataDir = None) -> None:
        """List the stores."""
        from server.database.people.staff import list_stores

        for row in run(data_dir, list_stores):
            print(spelt_out("  ".join(row)))


def _edges(text: str) -> list[int] | None:
    """Return the amounts of an option; None for `none`. Raises StaffError."""
    from server.database.people.staff import StaffError

    if text == "none":
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise StaffError("score-edges", "expected four increasing amounts in cents, or none") from None


def _add_user_commands(user: typer.Typer, run: Run) -> None:
    @user.command("add")
    def add(
        login: Login,
        name: Annotated[str, typer.Option(help="The name that others see.")],
        role: Annotated[Role, typer.Option(help="Role, which decides what the person may do.")],
        store: Annotated[str, typer.Option(help="The store whose deals the person works on.")],
        discount_authority_cents: Annotated[
            int, typer.Option(min=0, help="Largest discount that the person may give without the desk.")
        ] = 0,
        password_stdin: FromStdin = False,
        data_dir: DataDir = None,
    ) -> None:
        """Add a person. The command prompts for the password; arguments would be visible to other users."""
        from server.database.people.staff import add_user

        password = _password(from_stdin=password_stdin)
        run(
            data_dir,
            lambda connection: add_user(
                connection,
                login,
                name=name,
                role=role,
                store_id=store,
                discount_authority_cents=discount_authority_cents,
                password=password,
            ),
            (SecurityKind.USER_ADDED, login, {"role": role.value}),
        )
        print(f"user {login} added")

    @user.command("list")
    def list_all(
        store: Annotated[str | None, typer.Option(help="List this store only.", show_default=False)] = None,
        data_dir: DataDir = None,
    ) -> None:
        """List the people who may sign in."""
        from server.database.people.staff import list_people

        for one in run(data_dir, lambda connection: list_people(connection, store)):
            marks = ("" if one.active else "  inactive") + ("  demo" if one.demo else "")
            print(spelt_out(f"{one.login}  {one.name}  {one.role}  {one.store_id}{marks}"))

    @user.command("change")
    def change(
        login: Login,
        name: Annotated[str | None, typer.Option(show_default=False)] = None,
        role: Annotated[Role | None, typer.Option(show_default=False)] = None,
        store: Annotated[str | None, typer.Option(show_default=False)] = None,
        discount_authority_cents: Annotated[int | None, typer.Option(min=0, show_default=False)] = None,
        active: Annotated[
            bool | None, typer.Option("--active/--inactive", help="Whether the person may sign in.")
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Change a person. The change takes effect at once, also on their open screens."""
        from server.database.people.staff import change_user

        asked = {
            "name": name,
            "role": role,
            "store_id": store,
            "discount_authority_cents": discount_authority_cents,
            "active": active,
        }
        changes = {column: value for column, value in asked.items() if value is not None}
        if not changes:
            raise typer.BadParameter("expected at least one option that changes something")
        told = {name: str(value) for name, value in changes.items() if name in {"role", "store_id", "active"}}
        run(
            data_dir,
            lambda connection: change_user(connection, login, changes),
            (SecurityKind.USER_CHANGED, login, {"fields": ",".join(changes), **told}),
        )
        print(f"user {login} changed")

    @user.command("password")
    def password(login: Login, password_stdin: FromStdin = False, data_dir: DataDir = None) -> None:
        """Give a person a new password. All their sessions end; tokens stay."""
        from server.database.people.staff import set_password

        given = _password(from_stdin=password_stdin)
        told: Told = (SecurityKind.PASSWORD_CHANGED, login, {})
        run(data_dir, lambda connection: set_password(connection, login, given), told)
        print(f"user {login} has a new password")

    @user.command("sign-out")
    def sign_out(
        login: Login,
        tokens: Annotated[bool, typer.Option("--tokens", help="Revoke the bearer tokens too.")] = False,
        data_dir: DataDir = None,
    ) -> None:
        """End all sessions of a person: their open screens are closed at once."""
        from server.database.people.credentials import revoke_all

        async def revoke(connection: "asyncpg.Connection") -> int:
            return await revoke_all(connection, await _id_of(connection, login), sessions_only=not tokens)

        told: Told = (SecurityKind.SESSIONS_ENDED, login, {"tokens": "too" if tokens else "no"})
        print(f"{run(data_dir, revoke, told)} credentials revoked")


def _add_token_commands(app: typer.Typer, run: Run) -> None:
    @app.command()
    def token(
        user: OfUser,
        data_dir: DataDir = None,
        days: Annotated[int, typer.Option(min=1, max=366, help="Days until the token expires.")] = TOKEN_DAYS,
        scope: Annotated[
            list[TokenScope] | None,
            typer.Option(
                help="Scope of the token. May be repeated. Default: read, write, decide.",
                show_default=False,
            ),
        ] = None,
        label: Annotated[str, typer.Option(help="Label of the token, as `tokens` lists it.")] = "",
    ) -> None:
        """Create a bearer token for a user and print it as the last line. It cannot be shown again."""
        from server.database.people.credentials import PERSON_SCOPES, CredentialKind, issue_credential

        scopes = {TokenScope.READ, *scope} if scope else PERSON_SCOPES

        async def issue(connection: "asyncpg.Connection") -> str:
            user_id, ttl = await _id_of(connection, user), dt.timedelta(days=days)
            return await issue_credential(
                connection, user_id, CredentialKind.BEARER, ttl, label=label, scopes=scopes
            )

        what: dict[str, str | int] = {"scopes": ",".join(sorted(scopes)), "days": days, "label": label}
        made = run(data_dir, issue, (SecurityKind.TOKEN_MADE, user, what))
        print(f"bearer token of {user}, valid for {days} days, for {', '.join(sorted(scopes))}:")
        print(made)

    @app.command()
    def tokens(user: OfUser, data_dir: DataDir = None) -> None:
        """List a user's active bearer tokens: id, scopes, expiry, label."""
        from server.database.people.credentials import list_tokens

        async def load(connection: "asyncpg.Connection") -> Any:
            return await list_tokens(connection, await _id_of(connection, user))

        for one in run(data_dir, load):
            print(f"{one.id}  {','.join(one.scopes)}  until {one.expires_at:%Y-%m-%d %H:%M}  {one.label}")

    @app.command("revoke-token")
    def revoke_token(
        number: Annotated[int, typer.Argument(metavar="ID", help="Id of the token, as `tokens` lists it.")],
        data_dir: DataDir = None,
    ) -> None:
        """Revoke a bearer token. Its connections are closed at once."""
        from server.database.people.credentials import owner_of, revoke_by_id
        from server.database.people.security_events import add_from_terminal
        from server.database.people.staff import StaffError

        async def revoke(connection: "asyncpg.Connection") -> bool:
            done, login = await revoke_by_id(connection, number), await owner_of(connection, number)
            if done and login is not None:
                await add_from_terminal(connection, SecurityKind.TOKEN_REVOKED, login, {"token": number})
            return done

        if not run(data_dir, revoke):
            raise StaffError("id", f"there is no active token {number}")
        print(f"token {number} revoked")


async def _as_owner(owner_url: str, work: Work, told: Told | None) -> Any:
    from server.database.core.pool import connect_as_owner
    from server.database.people.security_events import add_from_terminal

    async with connect_as_owner(owner_url) as connection, connection.transaction():
        done = await work(connection)
        if told is not None:
            await add_from_terminal(connection, *told)
        return done


async def _id_of(connection: "asyncpg.Connection", login: str) -> str:
    from server.commands.terminal import UserUnknown
    from server.database.people.users import find_by_login

    account = await find_by_login(connection, login)
    if account is None:
        raise UserUnknown(login)
    return account.id


def _password(*, from_stdin: bool) -> str:
    """Return a password that was typed twice without being shown, or the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
