"""Sample lease sheet: two invented captives' programmes, at round figures. No lessor stands behind them.

Rows overlap as on a captive's sheet: each make has a row for any of its cars, and more exact ones for a body
style or a model, of which the most exact one applies.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from protocol.money.leasing import LeaseProgramme
from protocol.records import Tier

FACTORS = {Tier.SUPER_PRIME: 0.00095, Tier.PRIME: 0.00125, Tier.NEAR_PRIME: 0.00195}
RESIDUALS = {24: 6_550.0, 36: 5_700.0, 48: 4_900.0}
MILES = {10_000: 200.0, 12_000: 100.0, 15_000: 0.0}
"""Points of residual by term, and what fewer miles a year add to it."""

LOWEST_SCORE = {Tier.SUPER_PRIME: 720, Tier.PRIME: 660, Tier.NEAR_PRIME: 620}


@dataclass(frozen=True, slots=True)
class Named:
    """Cars of a make that share a residual: ``points`` of the MSRP more than the make's others."""

    model: str = ""
    segment: str = ""
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Captive:
    """A manufacturer's own lessor."""

    programme_id: str
    lender: str
    make: str
    cars: tuple[Named, ...]
    acquisition_cents: int
    disposition_cents: int
    excess_mile_cents: int
    acquisition_capitalised: bool = True


CAPTIVES = (
    Captive(
        "lakeshore-lease",
        "Lakeshore Lease Trust (sample)",
        "Toyota",
        (Named(), Named(segment="Pickup", points=400.0), Named(model="RAV4", points=300.0)),
        acquisition_cents=650_00,
        disposition_cents=350_00,
        excess_mile_cents=15,
    ),
    Captive(
        "summit-lease",
        "Summit Lease Trust (sample)",
        "Honda",
        (Named(), Named(segment="SUV", points=200.0), Named(model="Civic", points=300.0)),
        acquisition_cents=595_00,
        disposition_cents=350_00,
        excess_mile_cents=15,
        acquisition_capitalised=False,
    ),
    Captive(
        "alpine-lease",
        "Alpine Lease (sample)",
        "BMW",
        (Named(points=-200.0), Named(segment="SUV", points=100.0)),
        acquisition_cents=925_00,
        disposition_cents=495_00,
        excess_mile_cents=25,
    ),
)


def sample_leases(year: int) -> tuple[LeaseProgramme, ...]:
    """Return the programmes of a calendar year."""
    return tuple(row for captive in CAPTIVES for row in _rows(captive, year))


def _rows(captive: Captive, year: int) -> Iterator[LeaseProgramme]:
    for named, tier, term, miles in itertools.product(captive.cars, FACTORS, RESIDUALS, MILES):
        yield LeaseProgramme(
            programme_id=captive.programme_id,
            lender=captive.lender,
            tier=tier,
            term_months=term,
            miles_per_year=miles,
            make=captive.make,
            model=named.model,
            segment=named.segment,
            year_min=year - 1,
            mileage_max=5_000,
            score_min=LOWEST_SCORE[tier],
            residual_bp=RESIDUALS[term] + MILES[miles] + named.points,
            money_factor=FACTORS[tier],
            factor_markup_max=0.0004,
            cap_max_bp=11_500.0,
            pti_max_bp=1_500.0,
            acquisition_fee_cents=captive.acquisition_cents,
            acquisition_capitalised=captive.acquisition_capitalised,
            disposition_fee_cents=captive.disposition_cents,
            excess_mile_cents=captive.excess_mile_cents,
            reserve_share_bp=7_500.0,
            chargeback_bp=500.0,
            stipulations=("Proof of insurance",),
        )
