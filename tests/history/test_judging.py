"""What speaks against a calibration is said, and only then."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskModel
from protocol.records import Tier
from server.history.aggregates.aggregation import Aggregated
from server.history.aggregates.counts import Counts, History
from server.history.comparing import Contract, band_contracts, standard_contracts
from server.history.estimation import estimate, keeping
from server.history.judging import crossed_tiers, doubts, objections, thin_tiers
from tests.history.books import known_model

DONE = Aggregated(
    made=1, months=60, rows_read=1, rows=1_000, loan_months=900, loans=100, left_out=0, orphans=0
)
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
    assert said.endswith(" charge-offs (at least 50 are needed): --keep-thin keeps its curves")


def test_a_tier_without_a_loan_may_keep_its_curves(known_history: Shared) -> None:
    """It is thin like any other, and no reason never to calibrate: the other tiers have their estimates."""
    history, old = known_history[1], known_model()
    found = estimate(without(history, history.counts.tier != "deep_subprime"), old, "new")
    assert thin_tiers(found).keys() == {"deep_subprime"}
    assert objections(found, DONE, fill_missing=False)[0].startswith("deep_subprime has 0 charge-offs")
    kept = keeping(found, old, ["deep_subprime"])
    assert objections(kept, DONE, fill_missing=False) == ()
    for before, now, own in zip(old.curves, kept.model.curves, found.model.curves, strict=True):
        assert now == (before if now.tier is Tier.DEEP_SUBPRIME else own)
    assert kept.model.version == "new"


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
    """A few are a note. Older versions of payments do not dilute the share."""
    found = estimate(known_history[1], known_model(), "new")
    assert objections(found, replace(DONE, orphans=9), fill_missing=False) == ()
    [said] = objections(found, replace(DONE, orphans=10), fill_missing=False)
    assert objections(found, replace(DONE, moved=10), fill_missing=False) == ()
    [moved] = objections(found, replace(DONE, moved=11), fill_missing=False)
    assert "about 11 of 1,000 rows of payments are in more than one month" in moved
    assert said == "10 of 900 loan-months are of loans that the history lacks: export the loans"


def test_many_loans_that_cannot_be_used_need_a_yes() -> None:
    """One in a hundred is a note."""
    assert doubts([], replace(DONE, loans=99, left_out=1), 500.0) == ()
    [said] = doubts([], replace(DONE, loans=98, left_out=2), 500.0)
    assert said.startswith("2 of 100 loans cannot be used: their tier is not in the risk model")


def test_a_value_that_changes_too_much_is_named() -> None:
    """The worst contract is the example."""
    contracts = [
        Contract("prime", 60, 10_000.0, NO_EDGE_BP, 900.0, old=1_000.0, new=new)
        for new in (500.0, 1_501.0, 300.0)
    ]
    [said] = doubts(contracts, DONE, 500.0)
    assert "2 of 3 contracts, one for each band and term, changes by over $500" in said
    assert "(the most: -700 dollars, prime, 60 months, LTV to 100 %, PTI above the last edge)" in said
    assert doubts(contracts, DONE, 700.0) == ()


def test_a_change_of_any_band_is_seen(known_history: Shared) -> None:
    """Also of one in which no standard contract is: their PTI is 10 %, and this band's is above 12 %."""
    old, counts = known_model(), known_history[1].counts
    far = [msgspec.structs.replace(one, cnl=one.cnl + (one is old.curves[-1]) * 0.2) for one in old.curves]
    new = RiskModel(version="new", curves=tuple(far))
    assert {one.change for one in standard_contracts(old, new, counts)} == {0.0}
    contracts = band_contracts(old, new, counts)
    assert {(one.tier, one.ltv_bp, one.pti_bp) for one in contracts if one.change < -1_000} == {
        ("deep_subprime", NO_EDGE_BP, NO_EDGE_BP)
    }
    # To 24 months there is no standard term: its last month stands for the band.
    assert {one.term for one in contracts} == {24, 36, 48, 60, 72, 84}


@pytest.mark.parametrize(("cnl", "notes"), [(0.001, 1), (0.07, 0)])
def test_a_weaker_tier_that_loses_less_is_noted(cnl: float, notes: int) -> None:
    """Nothing forces an order on the tiers."""
    curves = [
        msgspec.structs.replace(one, cnl=cnl) if one.tier is Tier.NEAR_PRIME else one
        for one in known_model().curves
    ]
    model = RiskModel(version="m", curves=tuple(curves))
    assert len(crossed_tiers(model, [tier.value for tier in Tier])) == notes
