"""Histories that several tests read."""

import datetime as dt
import itertools
import shutil
from pathlib import Path

import pytest

from server.history.aggregates.aggregation import aggregate, edges_of
from server.history.aggregates.counts import History, read_history
from server.history.aggregates.files import HistoryFiles
from tests.history.books import RECOVERED, kinds_of, known_model
from tests.history.changing import MONTHS, bring, every_month, loan, payment
from tests.history.generating import Plan, generate


@pytest.fixture(scope="session")
def known_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """150,000 payments of 8,000 loans with known curves, aggregated; no test changes it."""
    folder = tmp_path_factory.mktemp("history")
    plan = Plan(loans=8_000, origination_months=2, seen_to=39, recovered=RECOVERED)
    files = generate(folder, kinds_of(known_model()), plan)
    aggregate(files, edges_of(known_model()))
    return folder, read_history(folder, "2100-01")


@pytest.fixture(scope="session")
def small_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen months of a few loans, aggregated: one defaults, one prepays."""
    files = HistoryFiles(tmp_path_factory.mktemp("small"))
    names = [f"L00000000{number}" for number in range(1, 7)]
    rows = {name: every_month(name, MONTHS) for name in names}
    defaulted, prepaid = names[1], names[2]
    rows[defaulted][6:] = [
        payment(defaulted, dt.date(2017, 8, 5), "charged_off"),
        payment(defaulted, dt.date(2017, 11, 5), "charged_off", owed=0, recovered=300_000),
    ]
    rows[prepaid][9:] = [payment(prepaid, dt.date(2017, 11, 5), "prepaid")]
    tiers = ("prime", "subprime")
    files.write_loans("all", [loan(name, dt.date(2017, 1, 5), tiers[name < "L000000004"]) for name in names])
    files.write_payments("all", itertools.chain.from_iterable(rows.values()))
    bring(files)
    return files.folder


@pytest.fixture
def files(small_history: Path, tmp_path: Path) -> HistoryFiles:
    """A copy of the small history, to change."""
    return HistoryFiles(shutil.copytree(small_history, tmp_path / "history"))
