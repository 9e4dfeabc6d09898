"""What the doctor says of a database's tables, indexes, locks, transactions and plans."""

from typing import Any

import pytest
from msgspec.structs import replace

from server.doctor.subjects.indexes import Index, judge_indexes
from server.doctor.subjects.locks import OpenTransaction, judge_locks, without_values
from server.doctor.subjects.plans import Node, Plan, judge_plans, nodes_of
from server.doctor.subjects.statistics import Table, judge_statistics
from tests.doctor.verdicts import FAULT, NOTE, WARNING, Said, said

CARS = Table(
    name="vehicles",
    bytes=1,
    planned_rows=4_000,
    live_rows=4_000,
    dead_rows=0,
    changed_rows=0,
    analysed_seconds_ago=5_000.0,
)


@pytest.mark.parametrize(
    ("changes", "autovacuum", "expected"),
    [
        ({}, True, []),
        ({"planned_rows": -1}, True, [("statistics.never", FAULT)]),
        ({"planned_rows": -1, "live_rows": 900}, True, []),
        ({"changed_rows": 1_500}, True, [("statistics.stale", WARNING)]),
        ({"changed_rows": 4_000}, True, [("statistics.stale", FAULT)]),
        # Autovacuum comes within minutes.
        ({"changed_rows": 4_000, "analysed_seconds_ago": 60.0}, True, []),
        (
            {"changed_rows": 4_000, "analysed_seconds_ago": 60.0, "autovacuum": False},
            True,
            [("statistics.stale", FAULT)],
        ),
        ({"changed_rows": 1_200}, True, []),
        ({"dead_rows": 12_000}, True, [("statistics.dead_rows", WARNING)]),
        ({}, False, [("statistics.autovacuum", WARNING)]),
    ],
)  # fmt: skip
def test_statistics(changes: dict[str, Any], autovacuum: bool, expected: Said) -> None:
    """Small tables, and those that autovacuum will come to, have nothing to say."""
    assert said(judge_statistics([replace(CARS, **changes)], autovacuum=autovacuum)) == expected


def test_indexes() -> None:
    """Missing, invalid and different ones are found; one more on a table of ours is a note."""
    made = Index(table="vehicles", method="btree", columns=("a", "b"), made_by="CREATE INDEX one …")

    def judged(present: dict[str, Index]) -> Said:
        return said(judge_indexes({"one": made}, present, {"vehicles": 4_000}))

    assert judged({"one": made}) == []
    assert judged({}) == [("indexes.missing", FAULT)]
    assert judged({"one": replace(made, valid=False)}) == [("indexes.missing", FAULT)]
    assert judged({"one": replace(made, columns=("a",))}) == [("indexes.different", WARNING)]
    assert judged({"one": made, "two": made}) == [("indexes.extra", NOTE)]
    keyed = replace(made, table="pencils", columns=("deal_id", "pencil_id"))
    [large] = judge_indexes(
        {"pencils_pkey": keyed}, {"pencils_pkey": replace(keyed, columns=("pencil_id",))}, {}
    )
    assert large.severity is NOTE and "deal-architect partition" in large.remedy
    missing = judge_indexes({"one": made}, {}, {"vehicles": 4_000})[0]
    assert "CREATE INDEX one …;" in missing.remedy
    assert missing.wait_ms == 4.0


SESSION = OpenTransaction(
    pid=1, program="psql", user="ann", address="", state="active", open_seconds=1.0, state_seconds=1.0,
    statement="UPDATE deals",
)  # fmt: skip


def test_the_root_of_a_chain_of_locks_is_named() -> None:
    """Who waits for one that waits itself is counted to the one that both wait for."""
    second = replace(SESSION, pid=2, blocked_by=(1,), waits_ms=900.0)
    third = replace(SESSION, pid=3, blocked_by=(2,), waits_ms=4_000.0)

    (verdict,) = judge_locks([SESSION, second, third])

    assert (verdict.check, verdict.severity, verdict.about) == ("locks.held", FAULT, "pid 1")
    assert verdict.wait_ms == 4_000.0
    assert "2 sessions wait" in verdict.says


def test_short_waits_and_unseen_holders() -> None:
    """A moment's wait is normal. A holder that our role may not see is named by its process."""
    brief = replace(SESSION, pid=2, blocked_by=(1,), waits_ms=90.0)
    behind_unseen = replace(SESSION, pid=2, blocked_by=(77,), waits_ms=900.0)
    unseen = replace(SESSION, pid=77, state="", user="postgres")

    assert judge_locks([SESSION, brief]) == []
    assert "pid 77, which this role may not see" in judge_locks([behind_unseen])[0].says
    assert "pid 77 (postgres), which this role may not look" in judge_locks([behind_unseen, unseen])[0].says


def test_locks_that_wait_in_a_circle_end_the_search() -> None:
    """Postgres ends one of them within a second; until then nobody is the root."""
    first = replace(SESSION, pid=1, blocked_by=(2,), waits_ms=900.0)
    second = replace(SESSION, pid=2, blocked_by=(1,), waits_ms=900.0)

    assert said(judge_locks([first, second])) == []


def test_open_transactions() -> None:
    """Idle ones are found after seconds, working ones after minutes."""
    idle = replace(SESSION, state="idle in transaction", state_seconds=30.0, open_seconds=40.0)
    long = replace(SESSION, open_seconds=900.0)

    assert said(judge_locks([idle])) == [("locks.idle", WARNING)]
    assert said(judge_locks([long])) == [("locks.long", WARNING)]
    assert judge_locks([replace(idle, state_seconds=1.0)]) == []


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 1 FROM c WHERE name = 'O''Hara' AND id = 42", "SELECT ? FROM c WHERE name = ? AND id = ?"),
        ("UPDATE t SET a = $1, b = $2::int WHERE c = E'x'", "UPDATE t SET a = ?, b = ?::int WHERE c = ?"),
        ("SELECT $$Ann\nLee$$, $tag$secret$tag$", "SELECT ?, ?"),
        ("SELECT  now(),\n 1.5e3", "SELECT now(), ?"),
    ],
)  # fmt: skip
def test_a_statement_is_shown_without_its_values(statement: str, shown: str) -> None:
    """They may be a customer's name, or money."""
    assert without_values(statement) == shown


SCAN = {
    "Node Type": "Limit",
    "Plan Rows": 10,
    "Actual Total Time": 80.0,
    "Actual Rows": 10.0,
    "Actual Loops": 1,
    "Plans": [
        {
            "Node Type": "Sort",
            "Plan Rows": 10,
            "Actual Total Time": 79.0,
            "Actual Rows": 10.0,
            "Actual Loops": 1,
            "Plans": [
                {
                    "Node Type": "Seq Scan",
                    "Relation Name": "deals",
                    "Plan Rows": 9,
                    "Actual Total Time": 35.0,
                    "Actual Rows": 5.0,
                    "Actual Loops": 2,
                }
            ],
        }
    ],
}


def test_nodes_know_their_own_time() -> None:
    """Of all loops together, without what is below them."""
    assert list(nodes_of(SCAN)) == [
        Node(kind="Limit", rows=10, depth=0, milliseconds=1.0, actual_rows=10.0),
        Node(kind="Sort", rows=10, depth=1, milliseconds=9.0, actual_rows=10.0),
        Node(kind="Seq Scan", table="deals", rows=9, depth=2, milliseconds=70.0, actual_rows=10.0),
    ]


def test_plans() -> None:
    """A scan of a large table and a sort of its rows are found; of a small one they are as they should be."""
    plan = Plan(query="the wall", nodes=tuple(nodes_of(SCAN)), ordered=True, milliseconds=80.5)
    large, small = {"deals": 5_000}, {"deals": 90}

    assert said(judge_plans([plan], large)) == [
        ("plans.scan", FAULT),
        ("plans.sort", FAULT),
        ("plans.slow", WARNING),
    ]
    assert said(judge_plans([replace(plan, ordered=False, milliseconds=None)], large)) == [
        ("plans.scan", FAULT)
    ]
    assert judge_plans([replace(plan, milliseconds=9.0)], small) == []
    sums = replace(plan, wide=True, ordered=False, milliseconds=None)
    assert judge_plans([sums], large) == []
    assert said(judge_plans([sums], {"deals": 200_000})) == [("plans.scan", FAULT)]
    part = [Node(kind="Incremental Sort"), Node(kind="Index Scan", table="deals", depth=1)]
    assert said(judge_plans([Plan(query="find", nodes=tuple(part), ordered=True)], large)) == [
        ("plans.sort", FAULT)
    ]
    assert "70 ms of them in Seq Scan on deals" in judge_plans([plan], small)[0].says
    assert said(judge_plans([Plan(query="find", error="no such column")], {})) == [("plans.failed", FAULT)]
