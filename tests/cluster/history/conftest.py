"""Fixtures of the flows and of the histories, for both together."""

from pathlib import Path

import pytest

from tests.flow.conftest import stocked
from tests.history.books import kinds_of, known_model
from tests.history.changing import bring
from tests.history.conftest import files, known_history
from tests.history.generating import Plan, generate
from tests.history.test_calibrate import desk

__all__ = ["desk", "files", "known_history", "stocked"]


@pytest.fixture(scope="session")
def small_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen months of 300 loans, with older versions and duplicates, aggregated."""
    folder = tmp_path_factory.mktemp("small")
    plan = Plan(loans=300, origination_months=6, seen_to=15, stale_share=0.1)
    bring(generate(folder, kinds_of(known_model()), plan))
    return folder
