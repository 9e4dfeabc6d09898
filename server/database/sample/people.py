"""Sample stores, staff and customers. Names are random combinations of common ones."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from protocol.deal.structure import TierSource
from protocol.records import Role
from server.database.deals.new_deals import FIRST_TRADE
from server.database.sample.catalogue import MODELS
from server.database.sample.rebates import GRADUATE, LOYALTY, MILITARY

GROUP = ("sample-group", "Sample Motor Group", 350_00, 3)
"""Its id and name, and what fetching a car from another store costs in cents and takes in days."""

TRANSFERS = (("riverside", "northgate", 175_00, 1), ("northgate", "riverside", 225_00, 2))
"""Pairs of stores with their own terms: from where, to where, cents, days."""

DEMO_PASSWORD = "demo"  # noqa: S105 - stated in the README; demo data is for loopback only
SECOND = "sales-2"
STAFF = (
    ("sales", Role.SALESPERSON, 500_00),
    (SECOND, Role.SALESPERSON, 500_00),
    ("manager", Role.DESK_MANAGER, 2_500_00),
)
"""Of each store: the end of the login, the role, and the largest discount in cents without asking."""

SECONDS_SHARE = 3
"""Every so many deals, one is the second salesperson's."""

NEIGHBOURS = (("IN", "Richmond", "47374"), ("KY", "Covington", "41011"))
"""Where customers of another state live: their cars are taxed there."""

ELIGIBILITIES = ((MILITARY, 0.1), (LOYALTY, 0.2), (GRADUATE, 0.06))
"""What customers are, with which chance."""

NOT_APPRAISED = 0.3
"""The share of trades that the desk has yet to appraise."""

SOLD: tuple[dict[str, Any], ...] = (
    {"product_id": "service-contract", "price_cents": 1_595_00},
    {"product_id": "gap", "price_cents": 895_00},
)
LISTED_CENTS = sum(line["price_cents"] for line in SOLD)
DECLINED = ("tire-wheel",)
"""What customers take and decline of the sample catalogue; others have one sum of products, or none."""

NAMESPACE = uuid.UUID("5f0f6a1c-6f5e-4b43-9c64-1f2b8a3f9d10")
"""Ids of sample customers and deals are derived from it, so that a seed is repeatable."""

FIRST_NAMES = (
    "Alex", "Amara", "Andre", "Bianca", "Carlos", "Casey", "Dana", "Daniel", "Elena", "Emeka", "Fatima",
    "Grace", "Hannah", "Ivan", "Jamie", "Jordan", "Kenji", "Laura", "Leo", "Lin", "Maria", "Marcus",
    "Mei", "Nadia", "Noah", "Olga", "Omar", "Priya", "Quinn", "Rosa", "Sam", "Sofia", "Taylor", "Tomas",
    "Victor", "Yara",
)  # fmt: skip
LAST_NAMES = (
    "Adams", "Alvarez", "Baker", "Bianchi", "Brooks", "Carter", "Chen", "Costa", "Davis", "Diaz",
    "Evans", "Fischer", "Garcia", "Haddad", "Hughes", "Ito", "Jackson", "Kaur", "Kim", "Lewis", "Lopez",
    "Martin", "Mbeki", "Moore", "Nguyen", "Novak", "Okafor", "Olsen", "Patel", "Reed", "Rossi", "Silva",
    "Singh", "Turner", "Walker", "Young",
)  # fmt: skip
STREETS = ("Elm Street", "Oak Avenue", "Main Street", "Lake Road", "Hill Drive", "Park Lane")
LIENHOLDERS = ("Meridian Bank (sample)", "Harbor Credit Union (sample)", "Keystone Finance (sample)")


@dataclass(frozen=True, slots=True)
class SampleStore:
    """A store: its id, name, state, town and how a new deal begins."""

    id: str
    name: str
    state: str
    town: str
    postal_code: str
    structure: dict[str, Any]
    second: str
    """The name of the second salesperson."""
    markup_bp: float = 150.0
    npv_floor_cents: int = 0
    product_cost_share_bp: float = 4_500.0

    def name_of(self, kind: str) -> str:
        """Return the name of one of the staff."""
        return self.second if kind == SECOND else f"{self.name} {kind}"


_STRUCTURE = {
    "fees_cents": 899_00,
    "taxable_fees_cents": 599_00,
    "doc_fee_cents": 399_00,
    # By the rules of the customer's address.
    "tax_rate_bp": None,
    "cash_down_cents": 2_000_00,
    "cash_down_max_cents": 6_000_00,
    "trade_credit": True,
    "terms_months": [36, 48, 60, 72],
}
NAMED_STORES = (
    SampleStore("riverside", "Riverside", "OH", "Riverside", "45424", _STRUCTURE, "Jamie Ortiz"),
    SampleStore("northgate", "Northgate", "OH", "Northgate", "45251", _STRUCTURE, "Renee Walsh"),
)


def sample_store(number: int) -> SampleStore:
    """Return store ``number``, counted from 0: Riverside, Northgate, then stores without a story."""
    if number < len(NAMED_STORES):
        return NAMED_STORES[number]
    name = f"Store {number + 1}"
    second = _name(np.random.default_rng([number]))
    return SampleStore(f"store-{number + 1}", name, "OH", "Springfield", "45501", _STRUCTURE, second)


def sample_customer(number: int, store: SampleStore, random_seed: int, today: dt.date) -> dict[str, Any]:
    """Return the columns of customer ``number``: about half bring a trade, and most trades have a payoff."""
    random = np.random.default_rng([random_seed, 1, number])
    score = int(np.clip(random.normal(690, 75), 480, 850))
    # Income rises a little with the score, as it does in loan data.
    income = round(float(random.lognormal(8.55, 0.38)) * (0.75 + score / 2_800)) * 100
    customer: dict[str, Any] = {
        "customer_id": uuid.uuid5(NAMESPACE, f"customer {random_seed} {number}"),
        "store_id": store.id,
        "name": _name(random),
        "monthly_income_cents": income,
        "other_debt_cents": _dollars(income * random.uniform(0.02, 0.22)),
        "address_line": f"{random.integers(1, 2_000)} {random.choice(STREETS)}",
        # Numbers that are kept free for examples.
        "phone": f"(937) 555-01{number % 100:02d}",
        "city": store.town,
        "state": store.state,
        "postal_code": store.postal_code,
        "score": score,
        "score_source": str(random.choice([TierSource.SOFT_PULL.value, TierSource.BUREAU.value])),
        "score_date": today - dt.timedelta(days=int(random.integers(0, 25))),
    }
    if random.random() < 0.3:
        customer |= _co_buyer(random, income, today)
    if random.random() < 0.55:
        customer |= _trade(random, today)
    if random.random() < 0.15:
        neighbour = NEIGHBOURS[int(random.integers(0, len(NEIGHBOURS)))]
        customer |= dict(zip(("state", "city", "postal_code"), neighbour, strict=True))
    customer["rebate_eligibility"] = [one for one, chance in ELIGIBILITIES if random.random() < chance]
    return customer


def sample_wish(customer: asyncpg.Record, random_seed: int, number: int) -> dict[str, Any]:
    """Return what the customer of deal ``number`` asks for, as fields of a structure: payments, cash,
    products, and what they were offered for their trade, which is no more than its cash value.
    """
    random = np.random.default_rng([random_seed, 2, number])
    income = customer["monthly_income_cents"] + (customer.get("co_monthly_income_cents") or 0)
    most = min(max(_dollars(income * random.uniform(0.09, 0.14)), 300_00), 1_200_00)
    down = int(random.integers(2, 9)) * 500_00
    wish: dict[str, Any] = {
        "payment_min_cents": _dollars(most * 0.6),
        "payment_max_cents": most,
        "cash_down_cents": down,
        "cash_down_max_cents": down + int(random.integers(2, 9)) * 500_00,
        "products_cents": int(random.choice([0, 0, 1_195_00, LISTED_CENTS])),
    }
    if wish["products_cents"] == LISTED_CENTS:
        del wish["products_cents"]
        wish |= {"products": SOLD, "declined_products": DECLINED}
    acv = customer.get("trade_acv_cents")
    if acv is not None:
        below = int(random.integers(1, 6)) * 100_00
        wish["trade_allowance_cents"] = max(acv - below, 0) // 100_00 * 100_00
        if random.random() < NOT_APPRAISED:
            wish["trades"] = [{"id": FIRST_TRADE, "acv_cents": None}]
    return wish


def _co_buyer(random: np.random.Generator, income: int, today: dt.date) -> dict[str, Any]:
    return {
        "co_name": _name(random),
        "co_monthly_income_cents": _dollars(income * random.uniform(0.4, 1.1)),
        "co_other_debt_cents": _dollars(income * random.uniform(0.0, 0.1)),
        "co_score": int(np.clip(random.normal(695, 65), 500, 850)),
        "co_score_source": TierSource.SOFT_PULL.value,
        "co_score_date": today - dt.timedelta(days=int(random.integers(0, 25))),
    }


def _trade(random: np.random.Generator, today: dt.date) -> dict[str, Any]:
    model = MODELS[int(random.integers(0, len(MODELS)))]
    age = int(random.integers(2, 12))
    acv = max(_dollars(model.base_dollars * 100 * 0.78 * 0.88 ** (age - 1) * model.keeps), 1_000_00)
    trade: dict[str, Any] = {
        "trade_year": today.year - age,
        "trade_make": model.make,
        "trade_model": model.name,
        "trade_mileage": int(age * random.uniform(8_000, 15_000)),
        "trade_acv_cents": acv,
    }
    if random.random() < 0.65:
        remaining = int(random.integers(6, 60))
        payoff = _dollars(acv * random.uniform(0.25, 1.3))
        quoted = today - dt.timedelta(days=int(random.integers(0, 5)))
        trade |= {
            "payoff_cents": payoff,
            "payoff_lienholder": str(random.choice(LIENHOLDERS)),
            "payoff_quoted_on": quoted,
            "payoff_good_through": quoted + dt.timedelta(days=10),
            "payoff_per_diem_cents": max(round(payoff * 0.085 / 365), 1),
            "current_payment_cents": _dollars(payoff / remaining * 1.15),
            "remaining_months": remaining,
        }
    return trade


def _name(random: np.random.Generator) -> str:
    return f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"


def _dollars(cents: float) -> int:
    """Return ``cents`` rounded to whole dollars."""
    return round(cents / 100) * 100
