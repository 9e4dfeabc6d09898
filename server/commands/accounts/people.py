"""Commands about the people who may sign in, and their passwords."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from protocol.records import Role
from protocol.texts import spelt_out
from server.commands.data_dir import DataDir
from server.commands.owner_work import Run, Told, id_of
from server.database.people.security_events import SecurityKind

if TYPE_CHECKING:
    import asyncpg


class StaffRole(StrEnum):
    """The roles that an account may have: customers have links instead."""

    SALESPERSON = Role.SALESPERSON.value
    DESK_MANAGER = Role.DESK_MANAGER.value
    OPERATOR = Role.OPERATOR.value


Login = Annotated[str, typer.Argument(help="The person's login.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it."),
]


def add_user_commands(app: typer.Typer, run: Run) -> None:
    """Add ``user``."""
    user = typer.Typer(no_args_is_help=True, help="Add, list and change the people who may sign in.")
    app.add_typer(user, name="user")

    @user.command("add")
    def add(
        login: Login,
        name: Annotated[str, typer.Option(help="The name that others see.")],
        role: Annotated[StaffRole, typer.Option(help="Role, which decides what the person may do.")],
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
            lambda database: add_user(
                database,
                login,
                name=name,
                role=Role(role),
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

        for one in run(data_dir, lambda database: list_people(database, store)):
            marks = ("" if one.active else "  inactive") + ("  demo" if one.demo else "")
            print(spelt_out(f"{one.login}  {one.name}  {one.role}  {one.store_id}{marks}"))

    @user.command("change")
    def change(
        login: Login,
        name: Annotated[str | None, typer.Option(show_default=False)] = None,
        role: Annotated[StaffRole | None, typer.Option(show_default=False)] = None,
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
            lambda database: change_user(database, login, changes),
            (SecurityKind.USER_CHANGED, login, {"fields": ",".join(changes), **told}),
        )
        print(f"user {login} changed")

    @user.command("password")
    def password(login: Login, password_stdin: FromStdin = False, data_dir: DataDir = None) -> None:
        """Give a person a new password. All their sessions end; tokens stay."""
        from server.database.people.staff import set_password

        given = _password(from_stdin=password_stdin)
        told: Told = (SecurityKind.PASSWORD_CHANGED, login, {})
        run(data_dir, lambda database: set_password(database, login, given), told)
        print(f"user {login} has a new password")

    @user.command("sign-out")
    def sign_out(
        login: Login,
        tokens: Annotated[bool, typer.Option("--tokens", help="Revoke the bearer tokens too.")] = False,
        data_dir: DataDir = None,
    ) -> None:
        """End all sessions of a person: their open screens are closed at once."""
        from server.database.people.credentials import revoke_all

        async def revoke(database: "asyncpg.Connection") -> int:
            return await revoke_all(database, await id_of(database, login), sessions_only=not tokens)

        told: Told = (SecurityKind.SESSIONS_ENDED, login, {"tokens": "too" if tokens else "no"})
        print(f"{run(data_dir, revoke, told)} credentials revoked")


def _password(*, from_stdin: bool) -> str:
    """Return a password that was typed twice without being shown, or the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
