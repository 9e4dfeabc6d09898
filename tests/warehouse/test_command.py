"""``deal-architect sync``: its outcome for people, as JSON and as metrics, and how it ends."""

import json
import re
from pathlib import Path

import pytest

from server.history.aggregates.files import LOAN_COLUMNS, PAYMENT_COLUMNS
from server.warehouse.fields import What
from server.warehouse.reading.pacing import Pacing, Patience
from server.warehouse.reading.source import Warehouse
from server.warehouse.report import as_json, summary_lines
from server.warehouse.runs import Tally
from server.warehouse.storing.history import read_of
from server.warehouse.syncing import Outcome
from tests.commands.here import run_here

pytestmark = pytest.mark.flow


def test_people_hear_of_rows_that_the_file_does_not_hold() -> None:
    outcomes = {What.STOCK: Outcome(Tally(read=1, rejected=1), complete=True)}
    lines = summary_lines(outcomes, Path("r.csv"), 12_000)
    assert lines[1:] == [
        "rows with reasons: r.csv",
        "12,000 more are counted but not listed: fix the listed rows and sync again",
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("paid_cents", "12.5", "expected a whole number, found '12.5'"),
        ("paid_cents", "9" * 19, "expected at most 9,223,372,036,854,775,807, found 999"),
        ("days_past_due", "many", "expected a whole number, found 'many'"),
        ("rate_bp", "nan", "expected a number, found 'nan'"),
        ("due_on", "31.01.2026", "expected a date such as 2026-01-31, found '31.01.2026'"),
    ],
)
def test_a_figure_that_is_none_says_what_was_expected(name: str, text: str, words: str) -> None:
    kind = (PAYMENT_COLUMNS | LOAN_COLUMNS)[name]
    with pytest.raises(ValueError, match=re.escape(words)):
        read_of(name, kind)[0](text)


def test_as_json_it_has_the_counts_of_each_kind() -> None:
    outcomes = {What.STOCK: Outcome(Tally(read=3, added=2, rejected=1), pages=1, complete=True)}

    pacing = Pacing(1.0, busy_seconds=0.98765)
    warehouse = Warehouse("postgresql://x", pacing, Patience())
    warehouse.statements, warehouse.breaks = 9, 2

    told = json.loads(json.dumps(as_json(outcomes, 1.23456, warehouse)))

    assert (told["seconds"], told["source_seconds"], told["statements"], told["breaks"]) == (
        1.235,
        0.988,
        9,
        2,
    )
    assert told["kinds"] == {
        "stock": {
            **{"read": 3, "added": 2, "updated": 0, "unchanged": 0, "removed": 0, "superseded": 0},
            **{"rejected": 1, "doubtful": 0, "pages": 1, "complete": True, "compared": False},
            "refused": None,
        }
    }


@pytest.mark.parametrize(
    ("words", "url", "text"),
    [
        ((), "", "WAREHOUSE_URL: expected an address"),
        (("--what", "cars"), "postgresql://x", "--what cars: expected some of stock, customers, payments"),
        (("--hours", "late"), "postgresql://x", "--hours late: expected two hours"),
    ],
)
def test_what_cannot_work_ends_before_anything_starts(words: tuple[str, ...], url: str, text: str) -> None:
    ended = run_here("sync", *words, environ={"WAREHOUSE_URL": url})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert text in ended.stderr
