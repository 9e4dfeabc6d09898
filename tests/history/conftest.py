"""A history that several tests read; none changes it."""

from pathlib import Path

import pytest

from server.history.aggregation import aggregate, edges_of
from server.history.counts import History, read_history
from tests.history.books import RECOVERED, kinds_of, known_model
from tests.history.generating import Plan, generate


@pytest.fixture(scope="session")
def known_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """150,000 payments of 8,000 loans with known curves, aggregated."""
    folder = tmp_path_factory.mktemp("history")
    plan = Plan(loans=8_000, origination_months=10, seen_to=48, recovered=RECOVERED)
    files = generate(folder, kinds_of(known_model()), plan)
    aggregate(files, edges_of(known_model()))
    return folder, read_history(folder, "2100-01")
