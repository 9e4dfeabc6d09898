"""The processes that the Procfile starts: ``python -m server.run.processes web``, or ``worker``.

``deal-architect web`` does the same and also takes options. Its option parser costs a tenth of a second,
which the Procfile's processes do not need.
"""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from server.environment import SettingsError
from server.run.stop_signals import ended_by_signals
from server.secret_files import with_secret_files
from server.settings import DEFAULT_DATA_DIR, DEFAULT_LOG_LEVEL, Settings, process_environment, secret_of


def run_web(environ: dict[str, str]) -> None:
    """Run one web process until it is told to end."""
    serve = import_web()
    with _serving("web", environ, signs=True) as settings:
        serve(settings)


def import_web() -> Callable[[Settings], None]:
    """Import all that a web process needs before it is ready; return what serves.

    Nothing that is imported is garbage, and nothing of it ever will be. So no collection runs meanwhile, and
    none looks at it later: one takes tens of milliseconds, also in the middle of serving.
    """
    gc.disable()
    try:
        _import_structlog()
        from server.run.app import serve
    finally:
        gc.freeze()
        gc.enable()
    return serve


def run_worker(environ: dict[str, str]) -> None:
    """Run one worker process until it is told to end."""
    from server.work.serving import run

    with _serving("worker", environ) as settings:
        run(settings)


@contextmanager
def services(environ: dict[str, str]) -> Iterator[Settings]:
    """Yield settings whose services are running."""
    if environ.get("DATABASE_URL") and environ.get("REDIS_URL"):
        yield Settings.from_environment(environ)
        return
    from server.embedded import embedded_where_missing

    data_dir = Path(environ.get("DEAL_DATA_DIR") or DEFAULT_DATA_DIR)
    with embedded_where_missing(environ, data_dir, _warn) as complete:
        yield Settings.from_environment(complete)


def services_to_restore(environ: dict[str, str], *, named: bool) -> AbstractContextManager[Settings]:
    """Return ``services`` for a restore, which empties Redis: it must be the one of the processes.

    ``named``: somebody named the folder of the embedded services. Raises SettingsError if the database is
    elsewhere, and Redis would be a new one of a folder that happens to be here.
    """
    if environ.get("DATABASE_URL") and not environ.get("REDIS_URL") and not named:
        expected = "set, as for web and worker: a restore empties Redis (--data-dir names an embedded one)"
        raise SettingsError("REDIS_URL", expected)
    return services(environ)


def standing_services(environ: dict[str, str]) -> Settings:
    """Return settings of services as they stand: nothing is started, so that a dead one is found dead."""
    if not (environ.get("DATABASE_URL") and environ.get("REDIS_URL")):
        from server.embedded import standing_where_missing

        environ = standing_where_missing(environ, Path(environ.get("DEAL_DATA_DIR") or DEFAULT_DATA_DIR))
    return Settings.from_environment(environ)


@contextmanager
def explained_errors() -> Iterator[None]:
    """Report an error as one line on standard error with exit code 1, or 2 for an unusable file."""
    try:
        # Through every `with`, so that the services are released during seeding and migration too.
        with ended_by_signals():
            yield
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        from server.commands.terminal import exit_code, explain

        if (line := explain(error)) is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        sys.exit(exit_code(error))


def main() -> None:
    """Run the process named by the only argument."""
    processes = {"web": run_web, "worker": run_worker}
    if sys.argv[1:] not in [[name] for name in processes]:
        sys.exit(f"usage: python -m server.run.processes {{{','.join(processes)}}}")
    with explained_errors():
        processes[sys.argv[1]](with_secret_files(process_environment()))


@contextmanager
def _serving(process: str, environ: dict[str, str], *, signs: bool = False) -> Iterator[Settings]:
    """Yield the settings of a web process or worker: its services run, and it has only the rights that it
    needs. One that ``signs`` must have a secret.
    """
    from server.observe.logs import configure_logging
    from server.observe.spans import check_spans
    from server.run.privileges import give_up_owner, give_up_root

    configure_logging(DEFAULT_LOG_LEVEL, process)
    give_up_owner()
    embedded = not (environ.get("DATABASE_URL") and environ.get("REDIS_URL"))
    with services(environ) as settings:
        if signs:
            secret_of(settings)
        check_spans(settings.otlp_endpoint, settings.otlp_protocol)
        configure_logging(settings.log_level, process)
        give_up_root(embedded=embedded)
        yield replace(settings, database_owner_url=settings.database_url)


def _import_structlog() -> None:
    """Import structlog without rich, with which it would colour tracebacks: ours are lines of JSON."""
    if "rich" in sys.modules or "structlog" in sys.modules:
        return
    modules = cast("dict[str, Any]", sys.modules)
    modules["rich"] = None
    try:
        import_module("structlog")
    finally:
        del modules["rich"]


def _warn(line: str) -> None:
    print(f"warning: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
