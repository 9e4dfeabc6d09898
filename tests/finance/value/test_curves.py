"""Bands: which curve holds where, and which models are refused."""

import random
from bisect import bisect_left
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.money.lending import NO_EDGE_BP, RiskModel
from protocol.records import Tier
from server.finance.rounding import WHOLE
from server.finance.value.curves import NO_EDGE, RiskModelError, bands, check_model
from tests.finance.cases import curve, model
from tests.finance.value.cases import LTV_EDGES, PTI_EDGES, banded_model


@pytest.mark.parametrize(
    ("ltv", "pti", "edges"),
    [
        (0, 0, (9_000.0, 1_000.0)),
        (900_000, 100_000, (9_000.0, 1_000.0)),
        (900_001, 100_000, (11_000.0, 1_000.0)),
        (1_100_000, 100_001, (11_000.0, NO_EDGE_BP)),
        (NO_EDGE, NO_EDGE, (NO_EDGE_BP, NO_EDGE_BP)),
    ],
)
def test_upper_edges_are_inclusive(ltv: int, pti: int, edges: tuple[float, float]) -> None:
    """A share on an edge is in the band below it, a hundredth of a basis point more in the next."""
    grid = bands(banded_model(), Tier.PRIME)
    whole = np.int64(WHOLE)
    band = int(grid.index_of(np.int64(ltv), whole, np.int64(pti), whole))
    chosen = grid.curves_at(60)[band]
    assert (chosen.ltv_max_bp, chosen.pti_max_bp) == edges


@pytest.mark.parametrize(("term", "edge"), [(1, 48), (48, 48), (49, 120), (120, 120)])
def test_terms_have_bands(term: int, edge: int) -> None:
    """A term on an edge is in the band below it."""
    assert {each.term_max_months for each in bands(banded_model(), Tier.PRIME).curves_at(term)} == {edge}


def test_an_unknown_share_is_in_the_last_band() -> None:
    """Of a customer without a known income the dearest payment band is assumed."""
    grid = bands(banded_model(), Tier.PRIME)
    chosen = grid.curves_at(60)[grid.index_at(8_000.0, None)]
    assert (chosen.ltv_max_bp, chosen.pti_max_bp) == (LTV_EDGES[0], PTI_EDGES[-1])


@given(
    base=st.integers(1, 10**10),
    edge=st.sampled_from([900_000, 1_100_000]),
    offset=st.integers(-1, 1),
)
def test_shares_are_compared_to_the_cent(base: int, edge: int, offset: int) -> None:
    """The largest principal within an edge is within it, and one cent more is not."""
    grid = bands(banded_model(), Tier.PRIME)
    largest = base * edge // WHOLE
    principal = max(largest + offset, 0)
    band = int(grid.index_of(np.int64(principal), np.int64(base), np.int64(0), np.int64(0)))
    lowest = bisect_left(grid.ltv_edges.tolist(), edge)
    within = lowest * len(grid.pti_edges) + len(grid.pti_edges) - 1
    assert (band <= within) == (principal <= largest)


@given(base=st.integers(1, 10**10), edge=st.sampled_from([900_000, 1_100_000]), offset=st.integers(-1, 1))
def test_a_stated_ratio_finds_the_same_band(base: int, edge: int, offset: int) -> None:
    """The band of a ratio in basis points, as an offer shows it, is that of its principal."""
    grid = bands(banded_model(), Tier.PRIME)
    principal = max(base * edge // WHOLE + offset, 0)
    exact = int(grid.index_of(np.int64(principal), np.int64(base), np.int64(0), np.int64(0)))
    assert grid.index_at(principal * 10_000 / base, None) == exact


def test_no_base_is_no_share() -> None:
    """Without a book value or an income the share is above every edge."""
    grid = bands(banded_model(), Tier.PRIME)
    found = grid.index_of(np.array([0, 5]), np.array([0, 10]), np.array([0, 1]), np.array(0))
    assert found.tolist() == [len(grid) - 1, len(grid.pti_edges) - 1]


def test_the_order_of_curves_does_not_matter() -> None:
    """Shuffled curves are the same grid."""
    whole = banded_model()
    shuffled = list(whole.curves)
    random.Random(1).shuffle(shuffled)
    again = bands(RiskModel(version="risk-2", curves=tuple(shuffled)), Tier.PRIME)
    assert again.grid == bands(whole, Tier.PRIME).grid


def test_sound_models_pass() -> None:
    """A banded model and one with a single band for each tier are both full grids."""
    check_model(banded_model())
    check_model(model())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("funding_rate", -0.01),
        ("cnl", -0.01),
        ("cnl", 1.1),
        ("recovery", 1.0),
        ("recovery_lag_months", -1),
        ("abs_speed", 1.5),
        ("servicing_month_cents", -1),
        ("loss_timing", ()),
        ("loss_timing", ((0.5, 0.6), (1.0, 0.9))),
        ("loss_timing", ((0.5, 0.6), (0.4, 0.8), (1.0, 1.0))),
        ("loss_timing", ((0.5, 0.8), (0.8, 0.6), (1.0, 1.0))),
        ("loss_timing", ((0.5, 0.8), (1.5, 1.0))),
        ("loss_timing", ((-0.1, 0.0), (1.0, 1.0))),
        ("term_max_months", 121),
        ("ltv_max_bp", 0.0),
        ("pti_max_bp", NO_EDGE_BP + 1),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    """A curve out of range is refused by name."""
    with pytest.raises(RiskModelError) as caught:
        check_model(RiskModel(version="risk-1", curves=(curve(**{field: value}),)))
    assert caught.value.field == field
    assert caught.value.curve.startswith("prime, term to ")


def test_a_gap_in_the_grid_is_named() -> None:
    """Each combination of a tier's edges has a curve; the error says which is missing."""
    whole = banded_model()
    with pytest.raises(RiskModelError, match="prime, term to 48, LTV to 11000 bp, PTI to 1000 bp"):
        check_model(RiskModel(version="risk-1", curves=whole.curves[:2] + whole.curves[3:]))


def test_a_curve_stands_once() -> None:
    """Two curves for one band are refused."""
    with pytest.raises(RiskModelError, match="appears only once"):
        check_model(RiskModel(version="risk-1", curves=(curve(), curve(cnl=0.01))))


@pytest.mark.parametrize("field", ["term_max_months", "ltv_max_bp", "pti_max_bp"])
def test_the_last_band_has_no_edge(field: str) -> None:
    """A model that ends at an edge leaves some contracts without a curve: refused."""
    edge = 60 if field == "term_max_months" else 12_000.0
    with pytest.raises(RiskModelError) as caught:
        check_model(RiskModel(version="risk-1", curves=(curve(**{field: edge}),)))
    assert caught.value.field == field


def test_a_missing_tier_is_named() -> None:
    """A tier without curves cannot be valued, and the error names both model and tier."""
    with pytest.raises(RiskModelError, match="risk-bands: tier: has no curve of subprime"):
        bands(banded_model(), Tier.SUBPRIME)
