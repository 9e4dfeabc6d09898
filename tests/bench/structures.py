"""How fast structures are valued: ours in bulk, against two libraries that value them one by one.

The same work on both sides: the payment, and what the contract is worth month by month under default,
recovery and prepayment. The libraries give payment, interest and present value, plain Python the survival of
the contract, which neither has. Ours also finds the structures, checks every limit, values each offer under
stress, picks the best and names fixes; all of that is on its bill. A second pair of figures leaves out all
but the value itself: our two look-ups against the libraries' bare sum over cash flows that lie ready.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy_financial as npf
import pyxirr
from numpy.typing import NDArray

from protocol.deal.structure import Structure
from protocol.money.lending import NO_EDGE_BP, Disposition, RiskCurve, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import Pricing, best_offers, price_plan
from server.finance.architect.offers import blocks
from server.finance.architect.space.candidates import Candidates, build_candidates
from server.finance.cars import Cars
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal
from server.finance.rounding import WHOLE
from tests.bench import goals
from tests.bench.results.figures import Figure, Report
from tests.finance.cases import car, cars, curve, inputs, programme, sheet
from tests.services import Services

CARS, LENDERS, TERMS = 4_000, 12, (48, 60, 72, 84)
SAMPLE = 300
PASSES = 20
"""How often the sample's ready flows are gone through, so that the clock can tell."""

AGREEMENT = 1e-6
"""Largest difference from the libraries' values, relative to the principal."""

Valued = Callable[["Contract"], float]


@dataclass(frozen=True, slots=True)
class Contract:
    """One structure of a held programme: dollars and fractions, and what ours says that it is worth."""

    principal: float
    rate: float
    term: int
    curve: RiskCurve
    acquisition: float
    npv: float


def measure(_services: Services, _folder: Path, repeats: int) -> Report:
    """Measure a stock's offers on one core, and the libraries on a sample of the same structures."""
    pricing, stock = _pricing(), _stock()
    count, sample = _structures(pricing, stock)
    sides: dict[str, Valued] = {"numpy-financial": _by_numpy_financial, "pyxirr": _by_pyxirr}
    off = max(abs(value(one) - one.npv) / one.principal for value in sides.values() for one in sample)
    if off > AGREEMENT:
        raise AssertionError(f"values differ by {off:.1e} of the principal")
    ours: list[float] = []
    floors: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        ours.append(_rate(count, lambda: best_offers(pricing, stock)))
        for name, value in sides.items():
            floors[name].append(_rate(len(sample), lambda value=value: [value(one) for one in sample]))
    figures = _look_ups(pricing, stock, sample, repeats) + [
        Figure(
            f"structures valued, by {name}",
            "1/s",
            statistics.median(ours),
            statistics.median(floors[name]),
            f"{name}: payment, interest, npv, month by month",
            goal=goals.STRUCTURES,
            rate=True,
        )
        for name in sides
    ]
    note = f"Structures: {count:,} of {CARS:,} cars and {LENDERS * len(TERMS)} programmes; off by {off:.0e}"
    return figures, [note]


def _look_ups(pricing: Pricing, stock: Cars, sample: list[Contract], repeats: int) -> list[Figure]:
    """Measure NPVs alone: ours from the tables, theirs from arrays of cash flows that were made before."""
    found = [
        build_candidates(pricing, block, build_structures(pricing.plan, block))
        for block in blocks(stock, len(pricing.plan.programmes))
    ]
    count = sum(len(block) for block in found)
    flows = [(one.curve.funding_rate / 12, np.array(_flows(one))) for one in sample]
    bare: dict[str, Callable[[float, NDArray[np.float64]], float]] = {
        "numpy-financial": npf.npv,
        "pyxirr": pyxirr.npv,
    }

    def look_up() -> None:
        for block in found:
            pricing.valuation.npv_cents(block.programme, block.band, block.principal)

    ours = statistics.median(_rate(count, look_up) for _ in range(repeats))
    return [
        Figure(
            f"NPVs alone, by {name}",
            "1/s",
            ours,
            statistics.median(
                _rate(len(flows) * PASSES, lambda npv=npv: [npv(*one) for one in flows * PASSES])
                for _ in range(repeats)
            ),
            f"{name}: bare npv of cash flows that lie ready",
            goal=goals.STRUCTURES,
            rate=True,
        )
        for name, npv in bare.items()
    ]


def _flows(one: Contract) -> list[float]:
    monthly = one.rate / 12
    payment = -float(npf.pmt(monthly, one.term, one.principal))
    interest = (-npf.ipmt(monthly, np.arange(1, one.term + 1), one.term, one.principal)).tolist()
    return _expected(one, payment, interest)


def _rate(count: int, work: Callable[[], object]) -> float:
    """Return how many a second of this process's own time."""
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def _by_pyxirr(one: Contract) -> float:
    months = range(1, one.term + 1)
    monthly = one.rate / 12
    payment = -pyxirr.pmt(monthly, one.term, one.principal)
    interest = [-pyxirr.ipmt(monthly, month, one.term, one.principal) for month in months]
    flows = _expected(one, payment, interest)
    return float(pyxirr.npv(one.curve.funding_rate / 12, flows)) - one.acquisition


def _by_numpy_financial(one: Contract) -> float:
    return float(npf.npv(one.curve.funding_rate / 12, _flows(one))) - one.acquisition


def _expected(one: Contract, payment: float, interest: list[float]) -> list[float]:
    """Return the holder's expected cash from the signing to the last recovery."""
    curve_, term = one.curve, one.term
    gross = curve_.cnl / (1 - curve_.recovery) * one.principal
    shares, losses = zip((0.0, 0.0), *curve_.loss_timing, strict=True)
    timing = np.interp(np.arange(term + 1) / term, shares, losses).tolist()
    flows = [0.0] * (term + curve_.recovery_lag_months + 1)
    flows[0] = -one.principal
    alive, balance, speed = 1.0, one.principal, curve_.abs_speed
    for month in range(1, term + 1):
        default = min(alive * balance, gross * (timing[month] - timing[month - 1]))
        paying = alive - default / balance
        after = balance + interest[month - 1] - payment if month < term else 0.0
        mortality = speed / (1 - speed * (month - 1)) if speed * month < 1 else 1.0
        flows[month] += paying * (interest[month - 1] + balance - after + mortality * after)
        flows[month] -= alive * curve_.servicing_month_cents / 100
        flows[month + curve_.recovery_lag_months] += curve_.recovery * default
        alive, balance = paying * (1 - mortality), after
        if alive <= 0 or balance <= 0:
            break
    return flows


def _structures(pricing: Pricing, stock: Cars) -> tuple[int, list[Contract]]:
    """Return how many structures the stock has, and a sample of the held ones, spread over all."""
    count, held = 0, list[Contract]()
    for block in blocks(stock, len(pricing.plan.programmes)):
        found = build_candidates(pricing, block, build_structures(pricing.plan, block))
        count += len(found)
        held += _held(pricing, found)
    return count, held[:: max(1, len(held) // SAMPLE)][:SAMPLE]


def _held(pricing: Pricing, found: Candidates) -> list[Contract]:
    """Return some of a block's structures that the group keeps."""
    plan, valuation = pricing.plan, pricing.valuation
    places = np.flatnonzero(plan.programmes.held[found.programme])[::97].tolist()
    contracts = []
    for at in places:
        number, band, principal = int(found.programme[at]), int(found.band[at]), int(found.principal[at])
        term = int(plan.programmes.term[number])
        # Not rounded to the cent, so that the comparison shows the arithmetic and not the rounding.
        npv = principal * valuation.slope[number, band] + valuation.intercept[number, band]
        contracts.append(
            Contract(
                principal=principal / 100,
                rate=float(plan.sell_rate[number]) / WHOLE,
                term=term,
                curve=valuation.bands.curves_at(term)[band],
                acquisition=float(plan.programmes.acquisition[number]) / 100,
                npv=float(npv) / 100,
            )
        )
    return contracts


def _pricing() -> Pricing:
    rows = [
        programme(
            programme_id=f"lender-{number}",
            lender=f"Lender {number}",
            term_months=term,
            buy_rate_bp=500.0 + 37 * number + term,
            ltv_front_max_bp=11_000.0 + 100 * number,
            mileage_max=60_000 + 10_000 * number,
            acquisition_cents=15_000,
            disposition=Disposition.HELD if number % 2 else Disposition.SOLD,
        )
        for number in range(LENDERS)
        for term in TERMS
    ]
    bands = [
        curve(
            ltv_max_bp=ltv,
            pti_max_bp=pti,
            cnl=0.01 * (1 + number),
            abs_speed=0.012,
            servicing_month_cents=400,
        )
        for number, ltv in enumerate((8_000.0, 10_000.0, 12_000.0, NO_EDGE_BP))
        for pti in (800.0, 1_200.0, NO_EDGE_BP)
    ]
    deal = inputs(
        Structure(
            terms_months=list(TERMS),
            cash_down_cents=100_000,
            cash_down_max_cents=600_000,
            payment_max_cents=75_000,
            tax_rate_bp=BasisPoints(700),
        ),
        discount_max_cents=100_000,
        monthly_income_cents=700_000,
    )
    return price_plan(plan_deal(deal, sheet(*rows)), RiskModel(version="bench", curves=tuple(bands)))


def _stock() -> Cars:
    generator = np.random.default_rng(1)
    prices = generator.integers(800_000, 6_000_000, CARS).tolist()
    mileages = generator.integers(5_000, 150_000, CARS).tolist()
    return cars(
        *(
            car(
                price_cents=price,
                cost_cents=price * 9 // 10,
                wholesale_cents=price * 88 // 100,
                mileage=mileage,
            )
            for price, mileage in zip(prices, mileages, strict=True)
        )
    )
