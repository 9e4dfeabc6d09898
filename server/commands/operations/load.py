"""``load``: many clients of a deployment, on a schedule, measured and checked."""

import asyncio
import datetime as dt
import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from client.load.planning.plan import Arrivals, Mode, Plan, PlanError, planned
from server.commands.data_dir import DataDir
from server.commands.owner_work import Run, id_of
from server.database.people.security_events import SecurityKind
from server.errors import FAILED

if TYPE_CHECKING:
    import asyncpg

    from client.load.running.driver import Job, Outcome

SALES: Final = "riverside-sales"
MANAGER: Final = "riverside-manager"
TOKEN_HOURS: Final = 12
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
Seconds = Annotated[float | None, typer.Option(min=0, show_default=False)]


def add_load_command(app: typer.Typer, run: Run) -> None:
    """Add ``load``."""

    @app.command(
        epilog="Exit codes: 0 fine; 1 could not run; 2 bad arguments; 3 a condition is missed; 4 views are"
        " wrong; 5 the generator was saturated, so nothing is proved; 130 interrupted."
    )
    def load(
        mode: Annotated[
            Mode, typer.Option(help="What the clients do; see docs/operations/load.md.")
        ] = Mode.STEADY,
        url: Annotated[
            str | None,
            typer.Option(help="Server under load. Default: this machine, at DEAL_PORT.", show_default=False),
        ] = None,
        token_file: Annotated[
            Path | None,
            typer.Option(
                help="File with a bearer token a line: a salesperson's and a manager's of one store, with the"
                " scope load. Default: tokens of its own, for the data folder of this machine.",
                show_default=False,
            ),
        ] = None,
        sales_user: Annotated[str, typer.Option(help="Whose token is made, without --token-file.")] = SALES,
        manager_user: Annotated[
            str, typer.Option(help="Whose token is made, without --token-file.")
        ] = MANAGER,
        salespeople: Annotated[int | None, typer.Option(min=0, show_default=False)] = None,
        watchers: Annotated[int | None, typer.Option(min=0, show_default=False)] = None,
        rate: Annotated[
            float | None,
            typer.Option(min=0.01, help="Arrivals a second, of all clients together.", show_default=False),
        ] = None,
        deals: Annotated[
            int | None, typer.Option(min=1, help="Deals, in modes without salespeople.", show_default=False)
        ] = None,
        ramp: Annotated[float, typer.Option(min=0, help="Seconds in which the rate rises.")] = 5.0,
        steady: Annotated[float, typer.Option(min=0.5, help="Seconds that count.")] = 30.0,
        drain: Annotated[float, typer.Option(min=0, help="Seconds in which the rate falls.")] = 5.0,
        arrivals: Annotated[Arrivals, typer.Option(help="How arrivals are spread.")] = Arrivals.POISSON,
        seed: Annotated[int, typer.Option(help="The same seed gives the same schedule and script.")] = 1,
        matches: Annotated[int, typer.Option(min=1, max=20_000, help="Cars a search may find.")] = 100,
        note_bytes: Annotated[
            int | None, typer.Option(min=40, max=2_000, help="Size of a note.", show_default=False)
        ] = None,
        jitter_every: Annotated[
            float, typer.Option(min=0.5, help="Seconds between lost connections.")
        ] = 15.0,
        jitter_away: Annotated[float, typer.Option(min=0.0, help="Seconds until they are back.")] = 2.0,
        slow: Annotated[
            int | None, typer.Option(min=1, help="Watchers that stop reading.", show_default=False)
        ] = None,
        await_restart: Annotated[
            bool,
            typer.Option("--await-restart", help="In an avalanche, drop nothing: you restart the server."),
        ] = False,
        require: Annotated[
            list[str] | None,
            typer.Option(
                help="Condition, such as p95<500ms or first_matches.p99<=2s or errors<1%. May be repeated.",
                show_default=False,
            ),
        ] = None,
        until: Annotated[
            str | None,
            typer.Option(
                help="Raise the load until this condition breaks; say the capacity.", show_default=False
            ),
        ] = None,
        most: Annotated[
            int | None, typer.Option(min=1, help="Highest level of --until.", show_default=False)
        ] = None,
        processes: Annotated[int, typer.Option(min=1, max=64, help="Generating processes.")] = 1,
        as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
        report: Annotated[
            Path | None, typer.Option(help="Write a report with plots as one HTML file.", show_default=False)
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask before loading another host.")] = False,
        unbounded: Annotated[
            bool, typer.Option("--unbounded", help="Lift the bounds of size and time.")
        ] = False,
        data_dir: DataDir = None,
    ) -> None:
        """Put load on a deployment and measure it: open loop, from intended times, every view checked.

        It works on deals of its own and marks them as lost in the end. Use it on a deployment that is yours.
        """
        from client.load.clients.wire import Target

        try:
            plan = planned(
                mode,
                salespeople=salespeople,
                watchers=watchers,
                rate=rate,
                deals=deals,
                ramp=ramp,
                steady=steady,
                drain=drain,
                arrivals=arrivals,
                seed=seed,
                matches=matches,
                note_bytes=note_bytes,
                jitter_every=jitter_every,
                jitter_away=jitter_away,
                slow=slow,
                drops=not await_restart,
                processes=processes,
                unbounded=unbounded,
            )
            target = Target.of(url or f"http://127.0.0.1:{os.environ.get('DEAL_PORT') or 8000}")
            required, asked = _conditions(plan, require or [], until)
            if most is not None and until is None:
                raise PlanError("--most", "--until with it")
            if report is not None and not report.absolute().parent.is_dir():
                raise PlanError("--report", f"a file in a folder that exists; got {report}")
            tokens = None if token_file is None else _read_tokens(token_file)
            if tokens is None and target.host not in LOOPBACK:
                raise PlanError("--token-file", "a file with tokens of that deployment")
        except PlanError as error:
            raise typer.BadParameter(f"expected {error.expected}", param_hint=error.option) from None
        if target.host not in LOOPBACK and not yes:
            text = (
                f"Put load on {target.http}: {plan.sockets:,} connections, {plan.rate:g} arrivals a second?"
            )
            typer.confirm(text, abort=True, err=True)
        from client.load.running.driver import Job

        with _tokens(run, data_dir, (sales_user, manager_user), tokens) as held:
            outcome = _execute(Job(plan, target, held, required, asked), most, quiet=not sys.stderr.isatty())
        _tell(outcome, as_json=as_json, report=report)
        raise typer.Exit(int(outcome.exit))


def _conditions(plan: Plan, require: Sequence[str], until: str | None) -> tuple[list, list]:  # type: ignore[type-arg]
    from client.load.judging.conditions import ERRORS_BELOW, parse_conditions
    from client.load.planning.plan import DEFAULTS

    usual = DEFAULTS[plan.mode].metric
    required = [each for text in require for each in parse_conditions(text, usual, "--require")]
    asked = [] if until is None else parse_conditions(until, usual, "--until")
    if not any(each.name == "errors" for each in [*required, *asked]):
        required += parse_conditions(ERRORS_BELOW, usual, "--require")
    return required, asked


def _read_tokens(path: Path) -> list[str]:
    """Return the tokens of a file. Raises PlanError."""
    try:
        lines = path.read_text().split("\n")
    except (OSError, UnicodeError) as error:
        raise PlanError("--token-file", f"a readable file: {error}") from None
    tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not tokens or any(len(token.split()) > 1 for token in tokens):
        raise PlanError("--token-file", f"one token a line in {path}")
    return tokens


@contextmanager
def _tokens(
    run: Run, data_dir: Path | None, logins: Sequence[str], given: Sequence[str] | None
) -> Iterator[Sequence[str]]:
    """Yield the tokens that were given, or else new ones, which are revoked afterwards."""
    if given is not None:
        yield given
        return
    from protocol.rights import TokenScope
    from server.database.people.credentials import (
        CredentialKind,
        issue_credential,
        list_tokens,
        revoke_by_id,
    )

    label = f"load {uuid.uuid4().hex[:8]}"

    async def issue(database: "asyncpg.Connection", login: str) -> str:
        user_id, ttl = await id_of(database, login), dt.timedelta(hours=TOKEN_HOURS)
        return await issue_credential(
            database, user_id, CredentialKind.BEARER, ttl, label=label, scopes=frozenset(TokenScope)
        )

    async def revoke(database: "asyncpg.Connection", login: str) -> None:
        for each in await list_tokens(database, await id_of(database, login)):
            if each.label == label:
                await revoke_by_id(database, each.id)

    def do(work: object, login: str, kind: SecurityKind) -> str:
        return run(data_dir, lambda database: work(database, login), (kind, login, {"label": label}))  # type: ignore[operator,no-any-return]

    made: list[str] = []
    try:
        for login in logins:
            made.append(do(issue, login, SecurityKind.TOKEN_MADE))  # noqa: PERF401 - revoked even if one fails
        yield made
    finally:
        for login in logins[: len(made)]:
            do(revoke, login, SecurityKind.TOKEN_REVOKED)


def _execute(job: "Job", most: int | None, *, quiet: bool) -> "Outcome":
    from client.errors import WorkspaceError
    from client.load.reporting.progress import showing
    from client.load.running.driver import execute
    from client.load.running.processes import run_with

    async def main() -> "Outcome":
        with showing(job, quiet=quiet) as listener:
            return await execute(job, listener, asyncio.Event(), most)

    try:
        return run_with(main())  # type: ignore[no-any-return]
    except WorkspaceError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(FAILED) from None


def _tell(outcome: "Outcome", *, as_json: bool, report: Path | None) -> None:
    from client.load.reporting.progress import summary
    from client.load.reporting.report import page
    from protocol import codec

    plain = outcome.plain()
    if report is not None:
        report.write_text(page(plain))
    if as_json:
        print(codec.encode(plain).decode())
    else:
        summary(plain)
        if report is not None:
            print(f"report: {report}")
