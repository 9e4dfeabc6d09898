"""What of each product's gross is given back when a contract ends early: by its own term and earning curve.

A product that nobody took one by one, but as part of a sum, is earned evenly over the contract's term:
``factors`` has that share for every contract. Products of a catalogue have their own.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from protocol.money.products import Earning, SoldProduct
from server.finance.rounding import Floats, annual_fraction
from server.finance.rules.programmes import Whole
from server.finance.value.curves import Bands
from server.finance.value.factors import risk_of
from server.finance.value.months import Risk, live

MAX_ROWS = 4096
"""The most products of contracts in one table, each about 16 bytes per band."""

Key = tuple[int, int, Earning, int]
"""Rate in hundredths of a basis point, the contract's term, the earning curve, the product's term."""


def unearned_share(earning: Earning, term_months: int, month: int) -> float:
    """Return the share of a product's price that is given back if it ends after ``month`` months."""
    if month >= term_months or earning is Earning.NOT_CANCELLABLE:
        return 0.0
    if earning is Earning.RULE_OF_78:
        left = term_months - month
        return left * (left + 1) / (term_months * (term_months + 1))
    return 1.0 - month / term_months


def unearned_factors(
    annual_rate: Floats, term: Whole, risk: Risk, curves: Sequence[tuple[Earning, int]]
) -> Floats:
    """Return the discounted share of each product's gross that is given back; shape (p, B).

    ``annual_rate`` (nominal fractions) and ``term`` (months) have shape (p, 1), as for ``contract_factors``;
    ``curves`` are the products' earning curves and terms, of length p.
    """
    given_back = np.zeros(np.broadcast_shapes(term.shape, risk.abs_speed.shape))
    for month in live(annual_rate, term, risk):
        unearned = np.array([[unearned_share(*curve, month.number)] for curve in curves])
        early = np.where(month.number < term, month.opening - month.alive, 0.0)
        given_back += early * risk.discount**month.number * unearned
    return given_back


class UnearnedTable:
    """The factors of one tier's curves by contract and product, expected and stressed.

    At most MAX_ROWS are kept; the least recently used ones are evicted. Threads may share a table: rows are
    stored and read atomically.
    """

    def __init__(self, bands: Bands) -> None:
        self._bands = bands
        self._rows: dict[Key, Floats] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def look_up(self, keys: Sequence[Key]) -> NDArray[np.float64]:
        """Return the factors of ``keys``, expected and stressed; shape (keys, 2, B)."""
        found = {key: self._rows.pop(key, None) for key in dict.fromkeys(keys)}
        missing = [key for key, row in found.items() if row is None]
        if missing:
            found.update(zip(missing, self._computed(missing), strict=True))
        self._rows.update((key, row) for key, row in found.items() if row is not None)
        for key in list(self._rows)[:-MAX_ROWS]:
            self._rows.pop(key, None)
        return np.array([found[key] for key in keys]).reshape(len(keys), 2, len(self._bands))

    def _computed(self, keys: list[Key]) -> NDArray[np.float64]:
        rate = np.array([[key[0]] for key in keys], dtype=np.int64)
        term = np.array([[key[1]] for key in keys], dtype=np.int64)
        curves = [self._bands.curves_at(key[1]) for key in keys]
        earned = [(key[2], key[3]) for key in keys]
        cases = [
            unearned_factors(
                annual_fraction(rate), term, risk_of(curves, term[:, 0], stressed=stressed), earned
            )
            for stressed in (False, True)
        ]
        return np.stack(cases, axis=1)


@lru_cache(maxsize=32)
def unearned_table(bands: Bands) -> UnearnedTable:
    """Return the table of exactly these bands, shared by all their deals."""
    return UnearnedTable(bands)


def given_back_cents(
    sold: Sequence[SoldProduct], bands: Bands, rate: Whole, term: Whole
) -> tuple[Floats, Floats]:
    """Return the product gross of a deal that is expected to be given back, and that under stress, in cents;
    shape (p, B).

    ``rate`` in hundredths of a basis point and ``term`` in months, of shape (p,).
    """
    contracts = list(zip(rate.tolist(), term.tolist(), strict=True))
    total = np.zeros((2, len(contracts), len(bands)))
    table = unearned_table(bands)
    for each in sold:
        keys = [(*contract, *earning_of(each, contract[1])) for contract in contracts]
        total += gross_cents(each) * np.moveaxis(table.look_up(keys), 1, 0)
    return total[0], total[1]


def earning_of(sold: SoldProduct, contract_months: int) -> tuple[Earning, int]:
    """Return a product's earning curve and its term on a contract."""
    return sold.product.earning, sold.term_months or contract_months


def gross_cents(sold: SoldProduct) -> int:
    """Return what the store earns on a product before anything is given back."""
    return sold.price_cents - sold.product.cost_cents
