"""Histories that several tests read."""

import shutil
from pathlib import Path

import pytest

from server.history.aggregation import aggregate, edges_of
from server.history.counts import History, read_history
from server.history.files import HistoryFiles
from tests.history.books import RECOVERED, kinds_of, known_model
from tests.history.changing import SMALL, bring
from tests.history.generating import Plan, generate


@pytest.fixture(scope="session")
def known_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """150,000 payments of 8,000 loans with known curves, aggregated; no test changes it."""
    folder = tmp_path_factory.mktemp("history")
    plan = Plan(loans=8_000, origination_months=10, seen_to=48, recovered=RECOVERED)
    files = generate(folder, kinds_of(known_model()), plan)
    aggregate(files, edges_of(known_model()))
    return folder, read_history(folder, "2100-01")


@pytest.fixture(scope="session")
def small_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen months of 300 loans, aggregated."""
    folder = tmp_path_factory.mktemp("small")
    bring(generate(folder, kinds_of(known_model()), SMALL))
    return folder


@pytest.fixture
def files(small_history: Path, tmp_path: Path) -> HistoryFiles:
    """A copy of the small history, to change."""
    return HistoryFiles(shutil.copytree(small_history, tmp_path / "history"))
