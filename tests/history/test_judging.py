"""What speaks against a calibration is said, and only then."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from protocol.money.lending import NO_EDGE_MONTHS, RiskModel
from protocol.records import Tier
from server.history.aggregation import Aggregated
from server.history.comparing import Contract
from server.history.counts import Counts, History
from server.history.estimation import estimate
from server.history.judging import crossed_tiers, objections, too_far
from tests.history.books import known_model

DONE = Aggregated(made=1, months=60, rows_read=1, rows=1_000, loans=100, left_out=0, orphans=0)
Shared = tuple[Path, History]


def without(history: History, kept: np.ndarray) -> History:
    """Return a history that has only some rows of its counts."""
    return replace(history, counts=history.counts.where(kept))


def test_a_whole_history_is_enough(known_history: Shared) -> None:
    """Nothing speaks against it."""
    assert objections(estimate(known_history[1], known_model(), "new"), DONE, fill_missing=False) == ()


def test_a_thin_tier_is_named(known_history: Shared) -> None:
    """With how much there is and how much is needed."""
    counts = known_history[1].counts
    few = np.where(counts.tier == "prime", 0.15, 1.0)
    thin = replace(
        known_history[1], counts=Counts(*(_scaled(counts, name, few) for name in Counts.__slots__))
    )
    [said] = objections(estimate(thin, known_model(), "new"), DONE, fill_missing=False)
    assert said.startswith("prime has ")
    assert said.endswith(" charge-offs, at least 50 are needed")


def _scaled(counts: Counts, name: str, by: np.ndarray) -> np.ndarray:
    column = getattr(counts, name)
    return column if name in {"tier", "term", "term_max", "ltv_max", "pti_max", "age"} else column * by


def test_missing_bands_are_named_unless_they_may_be_filled(known_history: Shared) -> None:
    """A band without a loan has its tier's losses if it may."""
    history = known_history[1]
    there = (history.counts.tier != "prime") | (history.counts.term_max != NO_EDGE_MONTHS)
    found = estimate(without(history, there), known_model(), "new")
    [said] = objections(found, DONE, fill_missing=False)
    assert said.startswith("4 of 40 bands have no loan (prime to 120 months")
    assert objections(found, DONE, fill_missing=True) == ()
    filled, own = (
        [one.cnl for one in found.bands if one.curve.tier is Tier.PRIME and (one.loan_months == 0) is missing]
        for missing in (True, False)
    )
    assert min(own) * 0.8 < min(filled) <= max(filled) < max(own) * 1.2


def test_unknown_loans_are_an_objection_from_one_percent_on(known_history: Shared) -> None:
    """A few are a note."""
    found = estimate(known_history[1], known_model(), "new")
    assert objections(found, replace(DONE, orphans=10), fill_missing=False) == ()
    [said] = objections(found, replace(DONE, orphans=11), fill_missing=False)
    assert objections(found, replace(DONE, moved=10), fill_missing=False) == ()
    [moved] = objections(found, replace(DONE, moved=11), fill_missing=False)
    assert "about 11 of 1,000 payments are in more than one month" in moved
    assert said == "11 of 1,000 payments are of loans that the history lacks"


def test_a_value_that_changes_too_much_is_named() -> None:
    """The worst contract is the example."""
    contracts = [
        Contract("prime", 60, 10_000.0, 900.0, old=1_000.0, new=new) for new in (500.0, 1_501.0, 300.0)
    ]
    [said] = too_far(contracts, 500.0)
    assert "2 of 3 standard contracts changes by over $500 (the most: -700 dollars, prime, 60 months" in said
    assert too_far(contracts, 700.0) == ()


@pytest.mark.parametrize(("cnl", "notes"), [(0.001, 1), (0.07, 0)])
def test_a_weaker_tier_that_loses_less_is_noted(cnl: float, notes: int) -> None:
    """Nothing forces an order on the tiers."""
    curves = [
        msgspec.structs.replace(one, cnl=cnl) if one.tier is Tier.NEAR_PRIME else one
        for one in known_model().curves
    ]
    model = RiskModel(version="m", curves=tuple(curves))
    assert len(crossed_tiers(model, [tier.value for tier in Tier])) == notes
