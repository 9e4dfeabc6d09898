"""The commands of ``deal-architect``; ``python -m server`` is the same.

Each command imports what it needs, so that ``up`` is ready in about a second and ``--help`` answers at once.
"""

import asyncio
import os
import secrets
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Final

import typer

from server.commands.accounts.people import add_user_commands
from server.commands.accounts.security import add_security_commands
from server.commands.accounts.stores import add_store_commands
from server.commands.accounts.tokens import add_token_commands
from server.commands.deals.audit import add_audit_commands
from server.commands.deals.pencils import add_pencil_commands
from server.commands.deals.printing import add_print_command
from server.commands.deals.traces import add_trace_command
from server.commands.importing.calibrate import add_calibrate_command
from server.commands.importing.inventory import add_inventory_command
from server.commands.importing.tables import add_import_commands
from server.commands.money import add_money_commands
from server.commands.operations.backups import add_backup_commands
from server.commands.operations.doctor import add_doctor_command
from server.commands.operations.load import add_load_command
from server.commands.operations.partitioning import add_partition_command
from server.commands.operations.sync import add_sync_command
from server.commands.owner_work import owner_work
from server.commands.privacy.customers import add_customer_commands
from server.commands.privacy.retaining import add_retain_command
from server.run.processes import (
    explained_errors,
    run_web,
    run_worker,
    services,
    services_to_restore,
    standing_services,
)
from server.secret_files import with_secret_files
from server.settings import Settings, is_loopback, listen_address, process_environment, secret_of

app = typer.Typer(
    name="deal-architect",
    help="A live workspace in which a car salesperson and a desk manager build a deal together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

MOST_WEB: Final = 8
"""The most that are started unasked: each may take 15 of the embedded database's 200 connections."""

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the embedded PostgreSQL and Redis, which are started if they are not running. Ignored"
        " for a service that DATABASE_URL or REDIS_URL names. Default: DEAL_DATA_DIR, else .data.",
        show_default=False,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=1,
        max=65535,
        help="Port to listen on. Default: DEAL_PORT, else 8000.",
        show_default=False,
    ),
]


@app.command()
def up(
    data_dir: DataDir = None,
    port: Port = None,
    web: Annotated[
        int | None,
        typer.Option(
            "--web",
            min=1,
            max=64,
            help="Number of web processes. Default: one for each store, up to the number of processors or 8.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            max=256,
            help="Number of workers. Default: depends on the number of processors.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Start everything on this machine, and keep it running until Ctrl-C.

    Brings the schema to the newest version and starts web and worker processes from the Procfile. If the
    embedded database is empty, it also adds sample data, and the sign-in page offers the demo users;
    DEAL_DEMO=0 turns that off.
    """
    from server.observe.spans import check_spans
    from server.run.up import prepare, require_rights, reserve_port, run_formation

    environ = _environment(data_dir, port)
    host, listen_port = listen_address(environ)
    if "DATABASE_URL" not in environ and is_loopback(host):
        environ.setdefault("DEAL_DEMO", "1")
    if environ.get("DEAL_DEMO") == "1":
        # All web processes sign with the same key, so that any of them can check a page's token.
        environ.setdefault("DEAL_SECRET", secrets.token_urlsafe(32))
    # So that one store's load does not slow another's people down.
    environ.setdefault("DEAL_STORES_APART", "1")
    require_rights(host, listen_port)
    with reserve_port(host, listen_port), services(environ) as settings:
        secret_of(settings)
        check_spans(settings.otlp_endpoint, settings.otlp_protocol)
        stores = prepare(settings, _say)
        counts = {
            "web": _default_web(stores) if web is None else web,
            "worker": _default_workers() if workers is None else workers,
        }
        run_formation(settings, environ | settings.environment(), counts, _say)


@app.command()
def web(data_dir: DataDir = None, port: Port = None) -> None:
    """Run one web process: the screen, the HTTP routes and the WebSocket."""
    run_web(_environment(data_dir, port))


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run one worker process, which values the cars that searches find."""
    run_worker(_environment(data_dir))


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database schema to the newest version. Safe to run many at once, and while people work."""
    from server.database.core.migrate import Migration
    from server.database.core.migrate import migrate as bring_to_newest

    with services(_environment(data_dir)) as settings:
        bring_to_newest(settings.database_owner_url, Migration(say=_say))
        _say("the schema is up to date")


@app.command()
def seed(
    data_dir: DataDir = None,
    vehicles: Annotated[int, typer.Option(min=0, help="Cars in stock, across all stores.")] = 4_000,
    customers: Annotated[int, typer.Option(min=0, help="Customers, across all stores.")] = 200,
    deals: Annotated[int, typer.Option(min=0, help="Deals, across all stores.")] = 40,
    stores: Annotated[int, typer.Option(min=1, help="Stores of the group.")] = 2,
    random_seed: Annotated[
        int, typer.Option(help="Seed of the random numbers: the same seed gives the same data.")
    ] = 1,
) -> None:
    """Fill the database with sample data, up to the given numbers; existing rows count."""
    from server.commands.terminal import progress_bars
    from server.database.core.migrate import migrate as bring_to_newest
    from server.database.sample.seed import SeedPlan
    from server.database.sample.seed import seed as write_samples

    plan = SeedPlan(
        vehicles=vehicles, customers=customers, deals=deals, stores=stores, random_seed=random_seed
    )
    with services(_environment(data_dir)) as settings:
        bring_to_newest(settings.database_owner_url)
        with progress_bars() as report:
            summary = asyncio.run(write_samples(settings.database_owner_url, plan, report))
    _say(str(summary))


add_money_commands(app)


def _services_of(data_dir: Path | None) -> AbstractContextManager[Settings]:
    return services(_environment(data_dir))


_work = owner_work(_services_of)
add_inventory_command(app, _services_of)
add_import_commands(app, _services_of)
add_calibrate_command(app, _services_of)
add_pencil_commands(app, _services_of)
add_print_command(app, _services_of)
add_audit_commands(app, _services_of)
add_store_commands(app, _work)
add_user_commands(app, _work)
add_token_commands(app, _work)
add_security_commands(app, _services_of)
add_backup_commands(
    app,
    _services_of,
    lambda data_dir: services_to_restore(_environment(data_dir), named=data_dir is not None),
)
add_doctor_command(app, lambda data_dir: standing_services(_environment(data_dir)))
add_trace_command(app, _services_of)
add_load_command(app, _work)
add_customer_commands(app, _services_of)
add_retain_command(app, _services_of)
add_partition_command(app, _services_of)
add_sync_command(app, _services_of)


def main() -> None:
    """Run the command in the arguments."""
    with explained_errors():
        app(prog_name="deal-architect")


def _environment(data_dir: Path | None, port: int | None = None) -> dict[str, str]:
    """Return the environment, with the options applied."""
    environ = with_secret_files(process_environment())
    if data_dir is not None:
        environ["DEAL_DATA_DIR"] = str(data_dir)
    if port is not None:
        environ["DEAL_PORT"] = str(port)
    return environ


def _default_web(stores: int) -> int:
    """One for each store, so that none waits for another's searches."""
    return max(1, min(stores, os.cpu_count() or 1, MOST_WEB))


def _default_workers() -> int:
    """Leave one processor to the web process and the databases."""
    return max(1, (os.cpu_count() or 1) - 1)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
