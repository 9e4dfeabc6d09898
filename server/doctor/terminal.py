"""The report as lines for a terminal: the verdicts first, then what they are based on."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from server.doctor.profiling.profiled import Profiled
from server.doctor.redis_watch.calls import RedisWatch
from server.doctor.report import Finding, Measured, Report
from server.doctor.subjects.latency import Latency
from server.doctor.subjects.processes import ProcessFacts, Vitals
from server.doctor.subjects.redis_facts import RedisFacts
from server.doctor.verdicts import STOPPED_MS, Severity

_STYLES: Final = {Severity.FAULT: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
MEBIBYTE: Final = 2**20
GIBIBYTE: Final = 2**30
FELT_MS: Final = 1.0


def show(report: Report, console: Console) -> None:
    """Print a report. Nothing in it is taken for markup."""
    console.print(_findings(report.findings))
    if report.findings:
        console.print()
    console.print(Text("Measured", style="bold"))
    measured = Table.grid(padding=(0, 2))
    for name, text in _measured(report.measured):
        measured.add_row(Text(name, style="dim"), Text(text))
    console.print(Padding(measured, (0, 0, 0, 2)))
    for missed in report.unseen:
        console.print(Text(f"Not seen: {missed}", style="yellow"))
    console.print()
    console.print(_verdict(report))


def show_watch(found: RedisWatch, console: Console) -> None:
    """Print what Redis was asked."""
    traffic = found.traffic
    console.print(
        Text(
            f"{found.seconds:.1f} s: {traffic.commands_per_second:,.0f} commands a second, busy"
            f" {traffic.busy_share:.1%}; in {_bytes(traffic.received_bytes_per_second)}/s, out"
            f" {_bytes(traffic.sent_bytes_per_second)}/s"
        )
    )
    console.print(
        Text(
            f"{traffic.keys:,} keys ({traffic.keys_added:+,}), {traffic.expired_per_second:,.1f} expired and"
            f" {traffic.evicted_per_second:,.1f} evicted a second, {traffic.hits_per_second:,.0f} hits and"
            f" {traffic.misses_per_second:,.0f} misses a second"
        )
    )
    commands = _table("command", "calls/s", "µs each", "of all time", "p99 µs", "failed")
    for each in found.commands:
        commands.add_row(
            Text(each.command),
            f"{each.calls_per_second:,.1f}",
            f"{each.us_per_call:,.1f}",
            f"{each.share:.1%}",
            "" if each.p99_us is None else f"{each.p99_us:,.0f}",
            f"{each.failed:,}" if each.failed else "",
        )
    console.print(commands)
    clients = _table("clients", "connections", "subscribed", "waiting", "buffered")
    for group in found.clients:
        clients.add_row(
            Text(group.name),
            f"{group.connections:,}",
            f"{group.subscribed:,}",
            f"{group.blocked:,}",
            _bytes(group.buffered_bytes),
        )
    console.print(clients)
    for slow in found.slow:
        console.print(Text(f"slow: {slow.command}, {slow.ms:,.1f} ms", style="yellow"))
    for missed in found.unseen:
        console.print(Text(f"Not seen: {missed}", style="dim"))


def show_profile(found: Profiled, console: Console) -> None:
    """Print the functions that cost most, and where the flame graph is."""
    console.print(
        Text(f"{found.process}: {found.samples:,} samples at work, taken {found.how}", style="bold")
    )
    if found.waiting_share:
        console.print(Text(f"{found.waiting_share:.0%} of all samples found a thread waiting"))
    if found.samples:
        functions = _table("function", "itself", "with what it called")
        for cost in found.functions:
            functions.add_row(Text(cost.name), f"{cost.own:.1%}", f"{cost.total:.1%}")
        console.print(functions)
    else:
        console.print(Text("It did nothing in that time. Sample it under load."))
    console.print(Text(f"Flame graph: {found.file}"), soft_wrap=True)


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", overflow="fold")
    return table


def _bytes(number: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:,.0f} {unit}"
        number /= 1024
    return f"{number:,.1f} GiB"


def _findings(findings: Sequence[Finding]) -> Table:
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column()
    for finding in findings:
        says = Text(finding.says)
        if FELT_MS <= finding.wait_ms < STOPPED_MS:
            says.append(f"  [people wait {_time(finding.wait_ms)} for it]", style="dim")
        lines.add_row(Text(finding.severity.upper(), style=_STYLES[finding.severity]), says)
        lines.add_row(Text(""), Text(f"→ {finding.remedy}", style="dim" if _is_note(finding) else "cyan"))
    return lines


def _is_note(finding: Finding) -> bool:
    return finding.severity is Severity.NOTE


def _verdict(report: Report) -> Text:
    counts = [
        (severity, sum(finding.severity is severity for finding in report.findings))
        for severity in (Severity.FAULT, Severity.WARNING, Severity.NOTE)
    ]
    said = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts if count)
    fine = report.worst in {None, Severity.NOTE}
    text = (
        f"Examined at {report.at:%Y-%m-%d %H:%M:%S} UTC in {report.seconds:.1f} s: {said or 'nothing found'}."
    )
    return Text(text, style="green" if fine else _STYLES[report.worst or Severity.NOTE])


def _measured(found: Measured) -> Iterator[tuple[str, str]]:
    yield from _postgres(found)
    yield from _replicas(found)
    yield from _redis(found)
    if found.queue is not None:
        queue = found.queue
        oldest = "" if queue.oldest_ms is None else f", the oldest {_time(queue.oldest_ms)} old"
        yield (
            "queue",
            f"{_count(queue.depth, 'job')}, {queue.held} of them with a worker{oldest};"
            f" {_count(queue.workers_alive, 'worker')} alive, {queue.dead_letters} given up",
        )
    for process in found.processes:
        yield process.name, _process(process)
    for clock in found.clocks:
        if clock.name in {"Postgres", "Redis"}:
            yield f"clock of {clock.name}", f"{clock.ahead_ms:+.1f} ms (± {clock.error_ms:.1f})"
    for disk in found.disks:
        yield (
            "disk",
            f"{disk.free_bytes / GIBIBYTE:,.1f} of {disk.total_bytes / GIBIBYTE:,.1f} GiB free at"
            f" {disk.path}",
        )


def _postgres(found: Measured) -> Iterator[tuple[str, str]]:
    state, latency = found.postgres, found.postgres_latency
    if state is None:
        return
    used, most = state.connections.used, state.connections.free_for_all
    yield f"Postgres {state.version}", f"{_round_trips(latency)}; {used} of {most} connections"
    if found.demand is not None:
        yield "", f"all pools together may open {found.demand.connections}"
    if found.plans:
        yield "", f"{found.indexes} indexes, {len(found.tables)} tables, {len(found.plans)} plans looked at"


def _replicas(found: Measured) -> Iterator[tuple[str, str]]:
    for one in found.replicas.replicas if found.replicas else ():
        seconds = "" if one.behind_seconds is None else f" and {_time(one.behind_seconds * 1000)}"
        known = "" if one.behind_bytes is None else f", {_bytes(one.behind_bytes)}{seconds} behind"
        said = "away" if one.error else f"{'follows' if one.follows else 'takes writes'}{known}"
        yield one.name, f"{one.server}: {said}"


def _redis(found: Measured) -> Iterator[tuple[str, str]]:
    state = found.redis
    if state is None:
        return
    name, trips = f"{state.server.capitalize()} {state.version}", _round_trips(found.redis_latency)
    if not found.redis_nodes:
        yield name, f"{trips}; {_redis_load(state)}"
        return
    yield name, f"{trips}; a cluster of {1 + len(found.redis_nodes)} masters"
    for node in (state, *found.redis_nodes):
        yield node.node, _redis_load(node)


def _redis_load(state: RedisFacts) -> str:
    most = f" of {state.max_bytes / MEBIBYTE:,.0f}" if state.max_bytes else ""
    busy = "" if state.cpu_share is None else f", busy {state.cpu_share:.0%}"
    return f"{state.used_bytes / MEBIBYTE:,.1f}{most} MiB, {state.policy}, {state.clients} clients{busy}"


def _process(process: ProcessFacts) -> str:
    vitals = process.vitals
    if vitals is None:
        return process.silence
    parts = [*_loop(vitals), *_pool(vitals)]
    if process.cpu_share is not None:
        parts.append(f"processor {process.cpu_share:.0%}")
    if vitals.rss_bytes is not None:
        parts.append(f"{vitals.rss_bytes / MEBIBYTE:,.0f} MiB")
    if vitals.open_fds is not None:
        parts.append(f"{vitals.open_fds:,} of {vitals.fd_limit or 0:,} files")
    if vitals.connections is not None:
        parts.append(_count(vitals.connections, "browser"))
    return ", ".join(parts)


def _loop(vitals: Vitals) -> Iterator[str]:
    loop = vitals.loop
    if loop is not None and loop.lag_p99_ms is not None:
        yield f"loop {loop.lag_p99_ms:.1f} ms late (p99)"


def _pool(vitals: Vitals) -> Iterator[str]:
    pool = vitals.pool
    if pool is not None:
        yield f"pool {pool.size - pool.idle} of {pool.max} in use"


def _round_trips(latency: Latency | None) -> str:
    if latency is None:
        return "no round trip"
    return f"p50 {latency.p50_ms:.2f}, p95 {latency.p95_ms:.2f}, p99 {latency.p99_ms:.2f} ms"


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _time(milliseconds: float) -> str:
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:,.1f} s"
