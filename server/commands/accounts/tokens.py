"""Commands about bearer tokens: ``token``, ``tokens`` and ``revoke-token``."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from protocol.rights import TokenScope
from server.commands.data_dir import DataDir
from server.commands.owner_work import Run, id_of
from server.database.people.security_events import SecurityKind

if TYPE_CHECKING:
    import asyncpg

OfUser = Annotated[str, typer.Option("--user", help="The user's login, such as riverside-sales.")]
TOKEN_DAYS = 30


def add_token_commands(app: typer.Typer, run: Run) -> None:
    """Add ``token``, ``tokens`` and ``revoke-token``."""

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
        from server.database.people.staff import check_line

        check_line("label", label)
        scopes = {TokenScope.READ, *scope} if scope else PERSON_SCOPES

        async def issue(database: "asyncpg.Connection") -> str:
            user_id, ttl = await id_of(database, user), dt.timedelta(days=days)
            return await issue_credential(
                database, user_id, CredentialKind.BEARER, ttl, label=label, scopes=scopes
            )

        what: dict[str, str | int] = {"scopes": ",".join(sorted(scopes)), "days": days, "label": label}
        made = run(data_dir, issue, (SecurityKind.TOKEN_MADE, user, what))
        print(f"bearer token of {user}, valid for {days} days, for {', '.join(sorted(scopes))}:")
        print(made)

    @app.command()
    def tokens(user: OfUser, data_dir: DataDir = None) -> None:
        """List a user's active bearer tokens: id, scopes, expiry, label."""
        from server.database.people.credentials import list_tokens

        async def load(database: "asyncpg.Connection") -> Any:
            return await list_tokens(database, await id_of(database, user))

        for one in run(data_dir, load):
            print(f"{one.id}  {','.join(one.scopes)}  until {one.expires_at:%Y-%m-%d %H:%M}  {one.label}")

    @app.command("revoke-token")
    def revoke_token(
        number: Annotated[
            int,
            typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="Id of the token, as `tokens` lists it."),
        ],
        data_dir: DataDir = None,
    ) -> None:
        """Revoke a bearer token. Its connections are closed at once."""
        from server.database.people.credentials import owner_of, revoke_by_id
        from server.database.people.security_events import add_from_terminal
        from server.database.people.staff import StaffError

        async def revoke(database: "asyncpg.Connection") -> bool:
            done, login = await revoke_by_id(database, number), await owner_of(database, number)
            if done and login is not None:
                await add_from_terminal(database, SecurityKind.TOKEN_REVOKED, login, {"token": number})
            return done

        if not run(data_dir, revoke):
            raise StaffError("id", f"there is no active token {number}")
        print(f"token {number} revoked")
