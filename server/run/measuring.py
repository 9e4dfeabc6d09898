"""The metrics of a web process: every name that it exports, with what reads it.

The figures are plain numbers of the parts that count. They are read in another thread than the event loop's.
"""

from dataclasses import dataclass

from server.compute.pool import ComputePool
from server.database.core.metered import MeteredPool
from server.database.core.metrics import add_database, add_replicas
from server.database.core.standbys.replicas import Replicas
from server.hub.assembly.hub import Hub
from server.hub.endpoint import Endpoint
from server.observe.metrics.guarding import add_answers, add_breakers, add_turns
from server.observe.metrics.metrics import Metrics
from server.observe.metrics.process import add_process
from server.observe.metrics.start_up import StartUp
from server.observe.metrics.statements import StatementTimes
from server.observe.probe.loop_watch import LoopWatch
from server.web.handover.taking import Handover


@dataclass(frozen=True, slots=True)
class Measured:
    """The parts of a web process that count."""

    hub: Hub
    sockets: Endpoint
    compute: ComputePool
    pool: MeteredPool
    system: MeteredPool
    replicas: Replicas
    statements: StatementTimes
    watch: LoopWatch
    start: StartUp
    handover: Handover


def web_metrics(of: Measured) -> Metrics:
    """Return the metrics of a web process."""
    metrics = Metrics()
    _add_people(metrics, of)
    _add_delivery(metrics, of)
    _add_repairs(metrics, of)
    _add_searches(metrics, of)
    add_answers(metrics, of.hub.answers)
    add_breakers(metrics, of.hub.breakers)
    add_turns(metrics, of.hub.turns)
    metrics.gauge(
        "deal_compute_waiting", "Quotes that wait for a computing process", lambda: of.compute.waiting
    )
    pools = {"stores": of.pool, "system": of.system, **{one.name: one.pool for one in of.replicas.all}}
    add_database(metrics, pools, of.statements)
    add_replicas(metrics, of.replicas)
    add_process(metrics, of.watch, of.start)
    return metrics


def _add_people(metrics: Metrics, of: Measured) -> None:
    hub, sockets = of.hub, of.sockets
    metrics.gauge("deal_connections", "Open WebSockets", lambda: sockets.connections)
    metrics.gauge("deal_people", "People with an open WebSocket", lambda: sockets.people)
    metrics.counter(
        "deal_handshakes_refused_total",
        "WebSockets that were not let in, by status; signed_out needs a new sign-in",
        lambda: sockets.refused,
        "reason",
    )
    metrics.counter(
        "deal_connections_handed_over_total",
        "WebSockets given to another process of the machine, taken from one, kept because it was late, or"
        " moved back to one",
        lambda: of.handover.counts,
        "outcome",
    )
    metrics.counter(
        "deal_connections_closed_total",
        "WebSockets that ended, by close code; client if the client left",
        lambda: hub.registry.traffic.closes,
        "reason",
    )
    metrics.histogram(
        "deal_command_seconds",
        "From the arrival of a command to its reply",
        lambda: hub.handlers.seconds,
        "command",
    )
    metrics.counter(
        "deal_command_errors_total",
        "Commands that were answered with an error, by its code",
        lambda: hub.handlers.refused,
        "code",
    )


def _add_delivery(metrics: Metrics, of: Measured) -> None:
    hub, traffic = of.hub, of.hub.registry.traffic

    def waiting() -> list[int]:
        # A copy of the set is made in one step.
        return [connection.waiting_bytes for connection in list(hub.connections)]

    metrics.gauge("deal_sessions", "Channels with a watcher in this process", lambda: len(hub.registry))
    metrics.gauge("deal_watchers", "Joins that are served in this process", lambda: hub.registry.watching)
    metrics.counter(
        "deal_events_total",
        "Events of watched channels by type, each counted once in each process",
        lambda: {kind.decode(): count for kind, count in list(traffic.events.items())},
        "type",
    )
    metrics.counter(
        "deal_deliveries_total", "Events times the sockets that got them live", lambda: traffic.deliveries
    )
    metrics.gauge("deal_outbox_bytes", "Bytes that wait for slow clients", lambda: sum(waiting()))
    metrics.gauge(
        "deal_outbox_largest_bytes",
        "Bytes that wait for the slowest client",
        lambda: max(waiting(), default=0),
    )
    metrics.counter(
        "deal_resyncs_total", "Times that a client was told to join again", lambda: traffic.resyncs
    )
    metrics.counter(
        "deal_outbox_overflows_total", "Resyncs of clients that fell behind", lambda: traffic.overflows
    )
    metrics.counter(
        "deal_gap_fills_total", "Reads of the log for events whose bells had not come", lambda: traffic.fills
    )
    metrics.counter("deal_gap_events_total", "Events that those reads gave", lambda: traffic.filled)
    metrics.counter(
        "deal_duplicates_dropped_total", "Events that came again and were dropped", lambda: traffic.duplicates
    )
    metrics.gauge(
        "deal_bus_connected", "Whether events arrive from Redis (1) or not (0)", lambda: hub.bus.connected
    )
    metrics.gauge(
        "deal_bus_probe_age_seconds",
        "How long ago the bus last received its own bell",
        lambda: hub.bus.silence_seconds,
    )
    metrics.histogram(
        "deal_script_seconds",
        "How long scripts took in Redis, with the wait for a connection",
        lambda: hub.script_seconds,
        "script",
    )
    metrics.gauge(
        "deal_postgres_listening",
        "Whether notifications arrive from PostgreSQL (1) or not (0)",
        lambda: hub.listener.connected,
    )


def _add_repairs(metrics: Metrics, of: Measured) -> None:
    mended = of.hub.keeper.mended
    metrics.counter(
        "deal_gaps_found_total", "Heartbeats that found events without a bell", lambda: mended["gaps"]
    )
    metrics.counter(
        "deal_searches_taken_over_total",
        "Searches taken over from processes that ended",
        lambda: mended["searches"],
    )
    metrics.counter(
        "deal_jobs_queued_again_total",
        "Jobs queued again because the queue had lost them",
        lambda: mended["jobs"],
    )


def _add_searches(metrics: Metrics, of: Measured) -> None:
    figures = of.hub.searches.figures
    metrics.gauge("deal_searches_running", "Searches that run in this process", lambda: figures.running)
    metrics.counter("deal_searches_total", "Searches by how they ended", lambda: figures.ended, "reason")
    metrics.histogram(
        "deal_search_seconds", "From the start of a search until its last match", lambda: figures.seconds
    )
    traces = of.hub.traces
    metrics.histogram(
        "deal_search_pushed_seconds",
        "From the arrival of a search until a stage of it was written to the sockets",
        lambda: traces.pushed,
        "stage",
    )
    metrics.histogram(
        "deal_search_painted_seconds",
        "From sending a search until a stage of it stood on the screen, as browsers report it",
        lambda: traces.painted_in,
        "stage",
    )
    metrics.histogram(
        "deal_search_stage_seconds",
        "Stages of searches, as their traces have them",
        lambda: figures.stages,
        "stage",
    )
