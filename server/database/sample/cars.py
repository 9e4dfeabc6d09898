"""Sample cars in bulk: car number ``i`` is always the same for a random seed and a day.

Cars are made in blocks, each from its own random stream, so that a later seed can add cars after the existing
ones.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.vin import LENGTH
from server.database.sample.catalogue import COLORS, INTERIORS, MODELS, TRIM_STEPS
from server.database.stock import vin

BLOCK = 20_000
"""Cars of one random stream, and of one COPY: what is held in memory at once."""

BOOK_SOURCE = "sample"
COLUMNS = (
    "store_id", "group_id", "status", "vin", "stock_no", "is_new", "year", "make", "model", "trim", "body",
    "fuel", "transmission", "color", "interior", "condition_tenths", "mileage", "price_cents", "cost_cents",
    "recon_cents", "holdback_cents", "dealer_cash_cents", "invoice_cents", "msrp_cents", "wholesale_cents",
    "retail_cents", "book_source", "book_date", "floorplan_day_cents", "stocked_on",
)  # fmt: skip
"""The columns of ``vehicles`` that a sample car fills, in the order of its tuple."""

NEW_SHARE = 0.35
STATUSES = ("available", "in_transit", "held", "sold")
STATUS_SHARES = (0.95, 0.02, 0.01, 0.02)
FLOORPLAN_RATE = 0.085  # a year, on cost
MILES_A_YEAR = 11_500
FIRST_YEAR_LOSS, YEARLY_LOSS = 0.16, 0.105  # of MSRP, then of what is left
SERIALS = 1_000_000  # six digits; the plant's letter counts the millions
_PLANTS = np.frombuffer(b"ABCDEFGHJKLMNPRSTUVWXYZ", np.uint8)
MOST = SERIALS * len(_PLANTS)
"""The most sample cars with unique VINs."""

_SERIES = np.frombuffer(b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789", np.uint8)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def sample_cars(
    first: int, end: int, stores: Sequence[tuple[str, str]], random_seed: int, today: dt.date
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the cars ``first`` to ``end - 1`` in blocks of at most BLOCK, each car a tuple of COLUMNS.

    ``stores`` are pairs of store and group, and get equal shares.
    """
    for block in range(first // BLOCK, -(-end // BLOCK)):
        cars = _block(block, stores, random_seed, today)
        start = block * BLOCK
        yield cars[max(first - start, 0) : min(end - start, BLOCK)]


def _block(
    block: int, stores: Sequence[tuple[str, str]], random_seed: int, today: dt.date
) -> list[tuple[Any, ...]]:
    random = np.random.default_rng([random_seed, block])
    number = np.arange(block * BLOCK, (block + 1) * BLOCK)
    popularity = np.array([model.popularity for model in MODELS])
    model = random.choice(len(MODELS), BLOCK, p=popularity / popularity.sum())
    trim = random.choice(len(TRIM_STEPS), BLOCK, p=(0.35, 0.32, 0.22, 0.11))
    is_new = random.random(BLOCK) < NEW_SHARE
    age = np.where(is_new, 0, 1 + np.minimum(random.geometric(0.26, BLOCK), 11))
    year = today.year - age + np.where(is_new & (random.random(BLOCK) < 0.4), 1, 0)
    yearly = MILES_A_YEAR * random.lognormal(0.0, 0.32, BLOCK)
    mileage = np.where(is_new, random.integers(2, 60, BLOCK), (age * yearly).astype(np.int64) + 350)
    days = np.minimum(random.exponential(42.0, BLOCK), 300.0).astype(np.int64)
    store = random.integers(0, len(stores), BLOCK)
    money = _money(random, model=model, trim=trim, is_new=is_new, age=age, mileage=mileage)
    stocked = np.datetime64(today) - days
    pick = [stores[index] for index in store.tolist()]
    models = [MODELS[index] for index in model.tolist()]
    columns: tuple[Sequence[Any], ...] = (
        [store_id for store_id, _ in pick],
        [group_id for _, group_id in pick],
        [STATUSES[index] for index in random.choice(len(STATUSES), BLOCK, p=STATUS_SHARES).tolist()],
        _vins(model, trim, year, number),
        [
            f"{kind}{serial:07d}"
            for kind, serial in zip(np.where(is_new, "N", "U"), number.tolist(), strict=True)
        ],
        is_new.tolist(),
        year.tolist(),
        [one.make for one in models],
        [one.name for one in models],
        [one.trims[index] for one, index in zip(models, trim.tolist(), strict=True)],
        [one.body for one in models],
        [one.fuel for one in models],
        ["Manual" if manual else "Automatic" for manual in (random.random(BLOCK) < 0.02).tolist()],
        [COLORS[index] for index in random.choice(len(COLORS), BLOCK).tolist()],
        [INTERIORS[index] for index in random.choice(len(INTERIORS), BLOCK).tolist()],
        _where(~is_new, random.integers(20, 49, BLOCK)),
        mileage.tolist(),
        *(_where(fills, cents) for fills, cents in money),
        [BOOK_SOURCE] * BLOCK,
        [today] * BLOCK,
        [round(cents * FLOORPLAN_RATE / 365) for cents in money[1][1].tolist()],
        stocked.tolist(),
    )
    return list(zip(*columns, strict=True))


def _money(
    random: np.random.Generator,
    *,
    model: npt.NDArray[np.int64],
    trim: npt.NDArray[np.int64],
    is_new: npt.NDArray[np.bool_],
    age: Ints,
    mileage: Ints,
) -> list[tuple[npt.NDArray[np.bool_], Floats]]:
    """Return (which cars have it, cents) in the order of COLUMNS, from the asking price to the retail book.

    A new car costs its invoice and sells near MSRP. A used one has lost value by age, by miles beyond the
    usual and by how its model keeps value; it was bought near wholesale and is offered near retail book.
    """
    n = len(model)
    every = np.ones(n, bool)
    base = np.array([one.base_dollars for one in MODELS], float)[model]
    keeps = np.array([one.keeps for one in MODELS])[model]
    msrp = base * np.array(TRIM_STEPS)[trim] * random.normal(1.03, 0.02, n)
    invoice = msrp * random.normal(0.945, 0.008, n)
    kept = np.where(age > 0, (1 - FIRST_YEAR_LOSS) * (1 - YEARLY_LOSS) ** np.maximum(age - 1, 0), 0.93)
    miles_off = 1 - np.clip((mileage - age * MILES_A_YEAR) / 1000 * 0.004, -0.12, 0.3)
    wholesale = np.maximum(msrp * kept * keeps * miles_off * 0.97, 1_500)
    retail = wholesale * 1.12 + 700
    cost = np.where(is_new, invoice, wholesale * random.normal(0.985, 0.035, n))
    price = np.where(is_new, msrp * random.normal(0.975, 0.02, n), retail * random.normal(1.0, 0.025, n))
    asking = np.maximum(np.round(price / 100) * 100 - 5, 1_495)
    recon = np.where(is_new, 0, random.uniform(450, 2_400, n))
    holdback = np.where(is_new, msrp * 0.02, 0)
    dealer_cash = np.where(is_new & (random.random(n) < 0.25), 500 * random.integers(1, 5, n), 0)
    dollars = (
        (every, asking),
        (every, cost),
        (every, recon),
        (every, holdback),
        (every, dealer_cash),
        (is_new, invoice),
        (every, msrp),
        (every, wholesale),
        (every, retail),
    )
    return [(fills, np.round(amount) * 100) for fills, amount in dollars]


def _where(fills: npt.NDArray[np.bool_], numbers: npt.NDArray[Any]) -> list[int | None]:
    """Return whole numbers where ``fills``, else None."""
    whole = numbers.astype(np.int64).tolist()
    if fills.all():
        return list(whole)
    return [number if fill else None for fill, number in zip(fills.tolist(), whole, strict=True)]


def _vins(model: Ints, trim: Ints, year: Ints, number: Ints) -> list[str]:
    """Return a VIN for each car, unique by ``number``: six digits of serial, and a plant for each million."""
    characters = np.full((len(number), LENGTH), ord("0"), np.uint8)
    makers = np.frombuffer("".join(one.wmi for one in MODELS).encode(), np.uint8).reshape(-1, 3)
    characters[:, 0:3] = makers[model]
    characters[:, 3] = _SERIES[model % len(_SERIES)]
    characters[:, 4] = _SERIES[model // len(_SERIES)]
    characters[:, 5] = _SERIES[trim]
    codes = np.frombuffer(vin.YEAR_CODES.encode(), np.uint8)
    characters[:, vin.YEAR_POSITION] = codes[(year - 1980) % len(codes)]
    characters[:, 10] = _PLANTS[number // SERIALS]
    for place in range(6):
        characters[:, 16 - place] = ord("0") + number // 10**place % 10
    return vin.with_check_digits(characters)
