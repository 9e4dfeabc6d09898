"""``doctor``: what holds people up, the likeliest first, and what to do about it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.commands.data_dir import DataDir

if TYPE_CHECKING:
    from server.settings import Settings

StandingSettings = Callable[[Path | None], "Settings"]
"""Settings of services as they stand; the doctor starts none."""

SHOWN_COSTS = 10
MOST_SECONDS = 300.0


def add_doctor_command(app: typer.Typer, standing: StandingSettings) -> None:
    """Add ``doctor``."""

    @app.command("doctor")
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
        analyze: Annotated[
            bool,
            typer.Option(
                "--analyze", help="Also run the queries of the hot path, read-only and at most 3 s each."
            ),
        ] = False,
        profile: Annotated[
            float | None,
            typer.Option(
                "--profile",
                metavar="SECONDS",
                min=0.1,
                max=MOST_SECONDS,
                help="Sample a process for so long, and write a flame graph.",
            ),
        ] = None,
        pid: Annotated[
            int | None,
            typer.Option("--pid", min=1, help="The process to sample. Default: our busiest on this machine."),
        ] = None,
        out: Annotated[
            Path | None,
            typer.Option(
                "-o", "--out", help="File of the flame graph. Default: one here, named after the process."
            ),
        ] = None,
        watch_redis: Annotated[
            float | None,
            typer.Option(
                "--watch-redis",
                metavar="SECONDS",
                min=0.1,
                max=MOST_SECONDS,
                help="Show what Redis is asked for so long, from its counters.",
            ),
        ] = None,
        data_dir: DataDir = None,
    ) -> None:
        """Measure Postgres, Redis and our processes, and name the likeliest bottleneck first.

        Changes nothing, and starts nothing. Exit code: 0 fine, 3 warnings, 4 faults, 1 if it could not look.
        """
        if profile is not None and watch_redis is not None:
            raise typer.BadParameter("choose one of --profile and --watch-redis", param_hint="--profile")
        if profile is None and (pid is not None or out is not None):
            raise typer.BadParameter("only with --profile", param_hint="--pid" if out is None else "--out")
        settings = standing(data_dir)
        if profile is not None:
            _profile(settings, profile, pid, out, as_json=as_json)
        elif watch_redis is not None:
            _watch(settings, watch_redis, as_json=as_json)
        else:
            raise typer.Exit(_examine(settings, as_json=as_json, analyze=analyze))


def _examine(settings: "Settings", *, as_json: bool, analyze: bool) -> int:
    from rich.console import Console

    from server.doctor.examination import Options, examine
    from server.doctor.terminal import show

    folder = settings.data_dir if settings.redis_uid is not None else None
    report = asyncio.run(examine(settings, Options(analyze=analyze, embedded_in=folder)))
    if as_json:
        _print_json(report)
    else:
        show(report, Console())
    return report.exit_code


def _watch(settings: "Settings", seconds: float, *, as_json: bool) -> None:
    from rich.console import Console

    from server.doctor.redis_watch.watching import watch_redis
    from server.doctor.terminal import show_watch

    found = asyncio.run(watch_redis(settings, seconds))
    if as_json:
        _print_json(found)
    else:
        show_watch(found, Console())


def _profile(
    settings: "Settings", seconds: float, pid: int | None, out: Path | None, *, as_json: bool
) -> None:
    from rich.console import Console

    from server.clock import utc_now
    from server.doctor.profiling.flame import flame_html
    from server.doctor.profiling.profiled import profiled
    from server.doctor.profiling.sampling import sample, target_for
    from server.doctor.terminal import show_profile

    target = target_for(settings.data_dir, pid)
    Console(stderr=True).print(f"sampling {target.name} for {seconds:g} s", markup=False, highlight=False)
    at = utc_now()
    sampled = sample(target, seconds)
    path = out or Path(f"profile-{target.name.replace(' ', '-')}-{at:%Y%m%d-%H%M%S}.html")
    title = f"{target.name}, {seconds:g} s from {at:%Y-%m-%d %H:%M:%S} UTC"
    path.write_text(flame_html(sampled.profile, title, f"Sampled {sampled.how}."), encoding="utf-8")
    found = profiled(sampled, path.resolve(), SHOWN_COSTS)
    if as_json:
        _print_json(found)
    else:
        show_profile(found, Console())


def _print_json(value: Any) -> None:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.flush()
