"""Play every fault and print what the checker says: ``make faults``, or ``python -m tests.faults``.

Ends with 1 where anything is missing, told twice, out of order, or shown otherwise than it is, and where a
command of the load was never played.
"""

import argparse
import asyncio
import dataclasses
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.cluster.postgres.faults import SCALED_FAULTS, open_scaled
from tests.cluster.redis.faults import CLUSTER_FAULTS, ClusterServer
from tests.faults.deploying import PROXY_FAULTS, RESTARTS
from tests.faults.faults import FAULTS, Fault
from tests.faults.judging.checker import Findings
from tests.faults.judging.result import Result
from tests.faults.people.dealing import PLAYED
from tests.faults.play import play
from tests.faults.servers import RedisServer
from tests.faults.stage import Formation, open_stage
from tests.services.proxies import PROXIES

COLUMNS = (
    "fault",
    "viewers",
    "events",
    "gaps",
    "duplicates",
    "order",
    "strays",
    "not converged",
    "lasted s",
    "back p50",
    "back max",
    "away max",
    "answer max",
)


REDISES: Final[dict[str, tuple[Callable[[Path], RedisServer], tuple[Fault, ...]]]] = {
    "single": (RedisServer, FAULTS),
    "cluster": (ClusterServer, CLUSTER_FAULTS),
}
"""What people work on, and the faults of it."""


async def play_all(
    faults: list[Fault],
    formation: Formation,
    *,
    stores_apart: bool,
    redis_in: Callable[[Path], RedisServer] = RedisServer,
) -> list[Result]:
    """Play faults one after another on one stage, and say how each went."""
    results = []
    apart = {"DEAL_STORES_APART": str(int(stores_apart))}
    async with open_stage(apart, formation, redis_in=redis_in) as stage:
        for fault in faults:
            try:
                result = await play(stage, fault.name, fault.inject)
            except Exception as error:
                result = Result(fault.name, 0, 0, Findings(), broke=_where(error))
            print(line(result), *result.findings.details[:20], sep="\n  ", file=sys.stderr, flush=True)
            results.append(result)
    return results


def _where(error: BaseException) -> str:
    """Return an error, and which of our steps it ended."""
    cause = error.__cause__ or error
    steps = [frame.name for frame in traceback.extract_tb(cause.__traceback__) if "faults" in frame.filename]
    return f"{error!r} in {' > '.join(steps)}"


def line(result: Result) -> str:
    """Return how a fault went in one line."""
    found = result.findings.counts
    wrong = result.broke or ", ".join(f"{name} {count}" for name, count in found.items() if count) or "clean"
    return f"{result.fault}: {result.events} events, {wrong}, back after {result.longest_seconds:.2f} s"


def unplayed(results: list[Result]) -> set[str]:
    """Return the commands that no fault met at work."""
    return set(PLAYED) - {command for result in results for command in result.taken}


def show(results: list[Result]) -> None:
    """Print the table."""
    table = Table(*COLUMNS)
    for result in results:
        counts = (result.viewers, result.events, *result.findings.counts.values())
        seconds = (
            *(result.lasted, result.median_seconds, result.longest_seconds),
            *(result.away_seconds, result.answer_seconds),
        )
        table.add_row(result.fault, *(str(count) for count in counts), *(f"{each:.2f}" for each in seconds))
    Console(width=160).print(table)


def write(results: list[Result], path: Path) -> None:
    """Write the results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=2))


def main() -> None:
    """Play, print, write; end with 1 where the promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="faults whose name holds this")
    parser.add_argument(
        "--json", type=Path, default=Path(".data/faults.json"), help="where to write (%(default)s)"
    )
    parser.add_argument(
        "--stores-apart",
        action="store_true",
        help="web processes hand connections over, so that one of them serves everybody until it dies",
    )
    parser.add_argument(
        "--redis",
        choices=REDISES,
        default="single",
        help="one Redis, or three masters with replicas and faults of a cluster",
    )
    parser.add_argument(
        "--postgres",
        choices=("single", "scaled"),
        default="single",
        help="PostgreSQL alone, or with PgBouncer before it, a replica for searches, and faults of both",
    )
    parser.add_argument("--proxy", choices=PROXIES, help="people come through it; hosts share no folder")
    parser.add_argument("--web", type=int, default=2, choices=(2, 4), help="web processes (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="workers (%(default)s)")
    options = parser.parse_args()
    if options.proxy and options.web != 4:
        parser.error("the examples of the proxies have four web processes: --web 4")
    redis_in, all_faults = REDISES[options.redis]
    scaled = options.postgres == "scaled"
    every = [
        *all_faults,
        *RESTARTS,
        *(SCALED_FAULTS if scaled else ()),
        *(PROXY_FAULTS if options.proxy else ()),
    ]
    faults = [fault for fault in every if not options.only or options.only in fault.name]
    formation = Formation(options.web, options.workers, options.proxy, open_scaled if scaled else None)
    results = asyncio.run(play_all(faults, formation, stores_apart=options.stores_apart, redis_in=redis_in))
    show(results)
    write(results, options.json)
    missed = set() if options.only else unplayed(results)
    if missed:
        print(f"never answered well, so not tried: {', '.join(sorted(missed))}", file=sys.stderr)
    sys.exit(bool(missed) or not results or not all(result.is_clean for result in results))


if __name__ == "__main__":
    main()
