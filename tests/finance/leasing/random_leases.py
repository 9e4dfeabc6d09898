"""Random lease sheets, deals and cars of a few dollars: every cent of cash and discount can be tried."""

from random import Random
from typing import Any

import msgspec

from protocol.deal.structure import Structure
from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseProgramme, LeaseSheet
from protocol.money.lending import LeaseTaxMethod, Rounding, TaxBase, TaxRule
from protocol.records import Tier
from tests.finance.cases import car, inputs

MAKES, MODELS, BODIES = ("Honda", "Toyota"), ("Sedan", "Hauler"), ("suv", "car")
TERMS = (24, 36, 48)


def row(**changes: Any) -> LeaseProgramme:
    """Return a row for any new car with changes."""
    standard: dict[str, Any] = {
        "programme_id": "captive-lease",
        "lender": "Captive Lease",
        "tier": Tier.PRIME,
        "term_months": 36,
        "miles_per_year": 12_000,
        "residual_bp": 5_700.0,
        "money_factor": 0.00125,
    }
    return LeaseProgramme(**(standard | changes))


def sheet(*rows: LeaseProgramme) -> LeaseSheet:
    """Return a lease sheet of these rows."""
    return LeaseSheet(version="leases-1", programmes=rows)


def random_sheet(random: Random) -> LeaseSheet:
    """Return a sheet whose rows overlap: named cars beside any car, several mileages and model years."""
    rows = []
    for number in range(random.randint(1, 3)):
        for term in random.sample(TERMS, random.randint(1, 2)):
            rows += [_random_row(random, number, term) for _ in range(random.randint(1, 4))]
    unique = {(each.programme_id, each.term_months, each.miles_per_year, each.make, each.model, each.segment,
               each.year_min): each for each in rows}  # fmt: skip
    return sheet(*unique.values())


def random_deal(random: Random) -> DealInputs:
    """Return a deal with trades, rebates, fees, and every limit of a lease at times."""
    cash, fees, products = (
        random.choice([0, random.randint(1, 300)]),
        random.randint(0, 200),
        random.randint(0, 300),
    )
    discount = random.choice([0, 0, random.randint(1, 30)])
    structure = Structure(
        price_cents=random.choice([None, random.randint(3_000, 9_000)]),
        discount_cents=discount,
        fees_cents=fees,
        taxable_fees_cents=random.randint(0, fees),
        doc_fee_cents=random.randint(0, fees),
        products_cents=products,
        taxable_products_cents=random.randint(0, products),
        products_cost_cents=random.randint(0, 200),
        rebate_cents=random.choice([0, random.randint(1, 200)]),
        trade_allowance_cents=random.choice([0, random.randint(1, 900)]),
        payoff_cents=random.choice([0, random.randint(1, 900)]),
        trade_acv_cents=random.choice([None, random.randint(0, 900)]),
        cash_down_cents=cash,
        cash_down_max_cents=random.choice([None, cash + random.randint(0, 1_200)]),
        payment_max_cents=random.choice([None, random.randint(60, 200)]),
        terms_months=random.sample(TERMS, random.randint(2, 3)),
        tax_rate_bp=None,
        lease_miles_per_year=random.choice([None, 10_000, 11_000, 15_000]),
    )
    return msgspec.structs.replace(
        inputs(
            structure,
            monthly_income_cents=random.choice([None, random.randint(400, 3_000)]),
            score=random.choice([None, 720, 640]),
            standard_markup_bp=float(random.choice([0, 50, 100, 200])),
            npv_floor_cents=random.choice([-(10**12), random.randint(-1_500, 800)]),
            discount_max_cents=discount + random.choice([0, random.randint(1, 900)]),
            tax_rules=tuple(_random_rule(random) for _ in range(random.randint(1, 2))),
        ),
        cash_step_cents=random.choice([1, 25, 50]),
    )


def random_car(random: Random) -> tuple[dict[str, int], CarName | None]:
    """Return a car, new more often than not, and its name, which an old job may not have."""
    price = random.randint(3_500, 8_000)
    numbers = car(
        price_cents=price,
        msrp_cents=random.choice([0, price + random.randint(-200, 800), price + random.randint(0, 400)]),
        cost_cents=price - random.randint(-400, 900),
        recon_cents=random.randint(0, 50),
        holdback_cents=random.randint(0, 90),
        dealer_cash_cents=random.choice([0, 40]),
        floorplan_day_cents=1,
        days_in_stock=random.randint(0, 60),
        year=random.choice([2023, 2025, 2026]),
        mileage=random.choice([5, 30_000]),
        is_new=random.choice([1, 1, 1, 0]),
        rebate_cents=random.choice([0, random.randint(1, 150)]),
    )
    name = random.choice(
        [None] + [(make, model, body) for make in MAKES for model in MODELS for body in BODIES]
    )
    return numbers, name


def _random_row(random: Random, number: int, term: int) -> LeaseProgramme:
    return row(
        programme_id=f"programme-{number}",
        lender=f"Lender {number}",
        tier=random.choice([Tier.PRIME] * 6 + [Tier.SUBPRIME]),
        term_months=term,
        miles_per_year=random.choice([10_000, 12_000, 15_000]),
        make=random.choice(["", *MAKES]),
        model=random.choice(["", "", *MODELS]),
        segment=random.choice(["", "", *BODIES]),
        used_cars=random.choice([True, False]),
        year_min=random.choice([1900, 2024, 2025]),
        mileage_max=random.choice([2_000_000, 10_000]),
        score_min=random.choice([250, 250, 700]),
        residual_bp=random.randint(350_000, 700_000) / 100,
        money_factor=random.randint(0, 400) / 100_000,
        factor_markup_max=random.choice([0.0, 0.0002, 0.0004, 0.00123]),
        cap_max_bp=random.choice([100_000.0, float(random.randint(9_000, 12_000))]),
        pti_max_bp=random.choice([10_000.0, 1_500.0]),
        acquisition_fee_cents=random.randint(0, 100),
        acquisition_capitalised=random.choice([True, False]),
        fees_capitalised=random.choice([True, False]),
        disposition_fee_cents=random.randint(0, 60),
        security_deposit_cents=random.choice([0, 100]),
        reserve_share_bp=random.choice([0.0, 5_000.0, 7_512.34]),
        reserve_flat_cents=random.choice([0, 25]),
        chargeback_bp=random.choice([0.0, 1_234.5]),
    )


def _random_rule(random: Random) -> TaxRule:
    method = random.choice(list(LeaseTaxMethod))
    return TaxRule(
        jurisdiction="place",
        state="OH",
        rate_bp=random.randint(0, 150_000) / 100,
        base=random.choice(list(TaxBase)),
        base_cap_cents=random.choice([None, None, random.randint(500, 8_000)]),
        credit_cap_cents=random.choice([None, random.randint(0, 500)]),
        rebate_reduces_tax=random.choice([True, False]),
        rounding=random.choice(list(Rounding)),
        lease_method=method,
        # One tax at most is capitalised with the cash in its base: several could grow with the same cent.
        lease_capitalised=random.choice([True, False]) and method is LeaseTaxMethod.PRICE,
        lease_reduction_taxed=random.choice([None, True, False]),
    )
