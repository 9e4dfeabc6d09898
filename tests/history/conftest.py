"""A history that several tests read; none changes it."""

from pathlib import Path

import pytest

from server.history.aggregation import aggregate, edges_of
from server.history.counts import History, read_history
from tests.history.books import RECOVERED, kinds_of, known_model
from tests.history.generating import Plan, generate


@pytest.fixture(scope="session")
def known_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """A third of a million payments of 10,000 loans with known curves, aggregated."""
    folder = tmp_path_factory.mktemp("history")
    plan = Plan(loans=10_000, origination_months=24, seen_to=60, recovered=RECOVERED)
    files = generate(folder, kinds_of(known_model()), plan)
    aggregate(files, edges_of(known_model()))
    return folder, read_history(folder, "2100-01")
