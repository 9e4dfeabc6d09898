"""The plans of the queries that people wait for: the node that reads a whole table, sorts, or takes long."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from server.doctor.verdicts import Severity, Verdict

LARGE_ROWS: Final = 1_000
"""Reading a smaller table whole is what a planner should do."""

WIDE_ROWS: Final = 100_000
"""The same for counts that are added up: until they go back through years, most of them are needed."""

SLOW_MS: Final = 50.0
ROWS_PER_MS: Final = 1_000


class Node(Struct, frozen=True, kw_only=True):
    """One node of a plan. Times and ``actual_rows`` only with ANALYZE, of all loops together."""

    kind: str
    table: str = ""
    index: str = ""
    rows: float = 0.0
    depth: int = 0
    milliseconds: float | None = None
    actual_rows: float | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """The plan of one query. ``ordered`` if an index must give its order, ``wide`` if it may read tables of
    up to WIDE_ROWS whole; ``error`` if there is no plan.
    """

    query: str
    nodes: tuple[Node, ...] = ()
    ordered: bool = False
    wide: bool = False
    milliseconds: float | None = None
    error: str = ""


def nodes_of(plan: Mapping[str, Any], depth: int = 0) -> Iterator[Node]:
    """Yield the nodes of a plan as EXPLAIN (FORMAT JSON) gives it, from the top."""
    loops = plan.get("Actual Loops", 1)
    inner = [
        child.get("Actual Total Time", 0.0) * child.get("Actual Loops", 1) for child in plan.get("Plans", ())
    ]
    total = plan.get("Actual Total Time")
    yield Node(
        kind=plan["Node Type"],
        table=plan.get("Relation Name", ""),
        index=plan.get("Index Name", ""),
        rows=plan.get("Plan Rows", 0.0),
        depth=depth,
        milliseconds=None if total is None else round(max(0.0, total * loops - sum(inner)), 3),
        actual_rows=plan["Actual Rows"] * loops if "Actual Rows" in plan else None,
    )
    for child in plan.get("Plans", ()):
        yield from nodes_of(child, depth + 1)


def judge_plans(plans: Sequence[Plan], rows: Mapping[str, int]) -> list[Verdict]:
    """Return what is wrong with the plans: one verdict a table and kind of node, with the queries that have
    it.

    ``rows`` are the rows of each table, as far as anyone knows.
    """
    scans: dict[str, list[str]] = {}
    sorts: dict[str, list[str]] = {}
    for plan in plans:
        for table in sorted(_scanned(plan, rows)):
            scans.setdefault(table, []).append(plan.query)
        if plan.ordered and (table := _sorted_table(plan, rows)):
            sorts.setdefault(table, []).append(plan.query)
    return [
        *(
            _node("plans.scan", "reads the whole of", table, rows[table], among)
            for table, among in scans.items()
        ),
        *(_node("plans.sort", "sorts", table, rows[table], among) for table, among in sorts.items()),
        *_failed(plans),
        *(verdict for plan in plans if (verdict := _slow(plan)) is not None),
    ]


def _scanned(plan: Plan, rows: Mapping[str, int]) -> set[str]:
    large = WIDE_ROWS if plan.wide else LARGE_ROWS
    return {
        node.table
        for node in plan.nodes
        if node.kind.endswith("Seq Scan") and rows.get(node.table, 0) >= large
    }


def _sorted_table(plan: Plan, rows: Mapping[str, int]) -> str:
    """Return the large table whose rows the plan sorts; "" if it sorts none."""
    for place, node in enumerate(plan.nodes):
        if "Sort" not in node.kind:
            continue
        below = [each.table for each in plan.nodes[place + 1 :] if each.depth > node.depth and each.table]
        large = [table for table in below if rows.get(table, 0) >= LARGE_ROWS]
        if large:
            return large[0]
    return ""


def _node(check: str, does: str, table: str, rows: int, queries: Sequence[str]) -> Verdict:
    kind = "Seq Scan" if check == "plans.scan" else "Sort"
    others = f" and {len(queries) - 1} more" if len(queries) > 1 else ""
    return Verdict(
        check=check,
        severity=Severity.FAULT,
        about=table,
        says=f"{queries[0]}{others} {does} {table}, about {rows:,} rows (node: {kind} on {table})",
        remedy=f"Restore the index that it read, then `ANALYZE {table};`. If no index is missing, report the"
        " plan: `doctor --json` holds it.",
        wait_ms=rows / ROWS_PER_MS,
        explained_by=(
            f"indexes.missing/{table}",
            f"indexes.different/{table}",
            f"statistics.never/{table}",
            f"statistics.stale/{table}",
        ),
    )


def _failed(plans: Sequence[Plan]) -> list[Verdict]:
    failed = [plan for plan in plans if plan.error]
    if not failed:
        return []
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return [
        Verdict(
            check="plans.failed",
            severity=Severity.FAULT,
            says=f"{failed[0].query}{more}: Postgres does not plan it: {failed[0].error}",
            remedy="If the schema is older than this release, run `deal-architect migrate`.",
            explained_by=("schema.old", "postgres.away", "locks.held"),
        )
    ]


def _slow(plan: Plan) -> Verdict | None:
    if plan.milliseconds is None or plan.milliseconds < SLOW_MS:
        return None
    worst = max(plan.nodes, key=lambda node: node.milliseconds or 0.0, default=None)
    node = "" if worst is None else f", {worst.milliseconds:.0f} ms of them in {_named(worst)}"
    tables = {node.table for node in plan.nodes if node.table}
    return Verdict(
        check="plans.slow",
        severity=Severity.WARNING,
        about=plan.query,
        says=f"{plan.query} took {plan.milliseconds:.0f} ms{node}",
        remedy="If the plan is as it should be, the disk or the processor is the limit; run it again, warm.",
        wait_ms=plan.milliseconds,
        explained_by=tuple(
            f"{check}/{table}"
            for check in ("indexes.missing", "statistics.never", "statistics.stale", "statistics.dead_rows")
            for table in sorted(tables)
        ),
    )


def _named(node: Node) -> str:
    on = f" on {node.table}" if node.table else ""
    return f"{node.kind}{f' using {node.index}' if node.index else ''}{on}"
