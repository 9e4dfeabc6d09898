"""The command that shows where the time of a deal's last searches went."""

import asyncio
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from protocol.channels import deal_channel, deal_of
from server.commands.data_dir import DataDir, WithServices
from server.errors import UserError

if TYPE_CHECKING:
    from protocol.events import StageSpan
    from server.log.search_traces import SearchTrace
    from server.settings import Settings

BAR_CHARACTERS: Final = 48
NAME_CHARACTERS: Final = 20


class NoTraces(UserError):
    """A deal whose searches have left no trace."""

    def __str__(self) -> str:
        return (
            "This deal has no traces. They are kept in Redis for as long as its channel: four hours after its"
            " last event. Check the id, or search again."
        )


def add_trace_command(app: typer.Typer, services: WithServices) -> None:
    """Add ``trace``."""

    @app.command("trace")
    def trace(
        deal_id: Annotated[str, typer.Argument(help="The deal's id, as in its address.")],
        everything: Annotated[
            bool, typer.Option("--all", help="Show the earlier searches too: the last ten.")
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Write JSON: one object for each search.")
        ] = False,
        data_dir: DataDir = None,
    ) -> None:
        """Show where the time of a deal's last search went, from the command to the paint."""
        with services(data_dir) as settings:
            traces = asyncio.run(_load(settings, deal_channel(deal_of(deal_id) or deal_id)))
        if not traces:
            raise NoTraces
        for each in traces if everything else traces[-1:]:
            print(json.dumps(_plain(each)) if as_json else "\n".join(waterfall(each)) + "\n")


def waterfall(trace: "SearchTrace") -> Iterator[str]:
    """Yield the lines of a search: what it found, and a bar for each stage on one scale of time."""
    began = "" if trace.began is None else f", began {trace.began:%Y-%m-%d %H:%M:%S} UTC"
    yield f"search {trace.search_id}: {trace.ended or 'running'}{began}"
    failed = f", {trace.failed} failed" if trace.failed else ""
    yield f"scanned {trace.scanned}, matched {trace.matched}, valued {trace.valued}{failed}"
    whole = max((span.end_ms for span in trace.spans), default=0.0)
    if not trace.spans:
        yield "no stage is known yet"
        return
    yield f"{'stage':<{NAME_CHARACTERS}} {'from ms':>10} {'to ms':>10} {'took ms':>10}"
    for span in trace.spans:
        took = trace.trace.get(span.name, 0.0) if span.count > 1 else span.end_ms - span.start_ms
        parts = f" {span.count} parts" if span.count > 1 else ""
        times = f"{span.start_ms:>10.1f} {span.end_ms:>10.1f} {took:>10.1f}"
        yield f"{_name(span):<{NAME_CHARACTERS}} {times}  {_bar(span, whole)}{parts}".rstrip()
    counts = [f"{name} {trace.trace[name]:.0f}" for name in _counts() if name in trace.trace]
    if counts:
        yield ", ".join(counts)


def _counts() -> tuple[str, ...]:
    from protocol.events import TRACE_COUNTS

    return TRACE_COUNTS


def _name(span: "StageSpan") -> str:
    return f"{span.name} {span.of}" if isinstance(span.of, str) else span.name


def _bar(span: "StageSpan", whole: float) -> str:
    """Return a bar at its place; the shortest is one character."""
    scale = (BAR_CHARACTERS - 1) / whole if whole else 0.0
    start = round(span.start_ms * scale)
    return f"{' ' * start}{'#' * max(1, round(span.end_ms * scale) - start)}".ljust(BAR_CHARACTERS)


def _plain(trace: "SearchTrace") -> dict[str, object]:
    from protocol import codec

    return {
        "search_id": trace.search_id,
        "began": None if trace.began is None else trace.began.isoformat(),
        "ended": trace.ended,
        "scanned": trace.scanned,
        "matched": trace.matched,
        "valued": trace.valued,
        "failed": trace.failed,
        "trace": trace.trace,
        "spans": [codec.plain(span) for span in trace.spans],
    }


async def _load(settings: "Settings", channel: str) -> "list[SearchTrace]":
    from server.log.links.connecting import connect_redis
    from server.log.redis_log import RedisLog

    redis = connect_redis(settings.redis_url, 1, settings.redis_uid)
    try:
        return await RedisLog(redis).searches.traces(channel)
    finally:
        await redis.aclose()
