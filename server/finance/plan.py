"""A deal's plan, before any car is considered: its programmes, rates, and the principals that they allow."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from protocol.events import Fix
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet
from protocol.records import MAX_BASIS_POINTS, MAX_CENTS
from server.finance.contract import owed_before_cash_cents, payoff_cents
from server.finance.leasing.plan import LeasePlan, plan_leases
from server.finance.loans.taking import CarLimits, car_limits
from server.finance.payment import largest_principal, payment_factors
from server.finance.rounding import WHOLE, Cents, Flags, Floats, annual_fraction, hundredths_of_bp
from server.finance.rules.cheapest import cheaper_rows
from server.finance.rules.decided import decided_sheet
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import Programmes, Whole, select_programmes
from server.finance.rules.rebates import exclusions_of


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A deal against a rate sheet; arrays of shape (p,), one element for each programme and term.

    ``sell_rate`` in hundredths of a basis point; ``factors`` are contract payments per unit of principal, and
    ``buy_factors`` the same at the buy rate. ``ceiling`` is the largest principal that the limits other than
    the car's allow, ``ceiling_limit`` which of them it is, ``floor`` the smallest.
    ``cash_floor`` is the least cash that each lender asks for, ``cash_limit`` for which reason;
    ``front_extra`` is the part of the principal that the front-end limit does not count. ``rebate_list`` is 0
    for the whole rebate, else the number of the sheet's list of excluded ones, of ``rebate_lists`` in all.
    ``cheaper`` are the cheaper rows of each row's lender, as ``cheapest.cheaper_rows``. ``empty`` says why no
    programme is left, else NONE; ``empty_fix`` is a change of the deal that meets that limit.
    ``refuses_products`` are the programmes whose lender refuses a product of the deal, or its price; None if
    none does. ``car_limits`` are those and the programmes' limits that depend on the car alone. ``sheet`` is
    the whole rate sheet, before lenders' decisions. ``leases`` is the deal against the lease sheet; None
    without one.
    """

    inputs: DealInputs
    sheet: RateSheet
    only: str | None
    programmes: Programmes
    sell_rate: Whole
    factors: Floats
    buy_factors: Floats
    ceiling: Cents
    ceiling_limit: Whole
    floor: Cents
    cash_floor: Cents
    cash_limit: Whole
    front_extra: Cents
    rebate_list: Whole
    rebate_lists: int
    cheaper: Whole
    car_limits: CarLimits
    empty: Limit
    empty_fix: Fix | None
    refuses_products: Flags | None = None
    leases: LeasePlan | None = None

    @property
    def cash_min(self) -> int:
        """The cash that the customer wants to pay down."""
        return self.inputs.structure.cash_down_cents

    @property
    def cash_max(self) -> int:
        """The customer's maximum cash; the cash down if no maximum is stated."""
        most = self.inputs.structure.cash_down_max_cents
        return self.cash_min if most is None else max(most, self.cash_min)


def plan_deal(
    inputs: DealInputs, sheet: RateSheet, only: str | None = None, leases: LeaseSheet | None = None
) -> Plan:
    """Return the plan of a deal: pure, with everything that screening and valuing need except the cars.

    ``only`` names the only programme that may be offered; None: all of the sheet may. Raises StructureError
    if there are ``leases`` and the address has no tax rule.
    """
    structure = inputs.structure
    selected = select_programmes(decided_sheet(sheet, inputs), inputs, only)
    programmes, empty = selected.programmes, selected.empty
    sell_rate = _sell_rates(programmes, inputs)
    factors = _factors(inputs, sell_rate, programmes.term)
    ceiling, ceiling_limit = _ceilings(programmes, inputs, factors)
    floor = np.maximum(programmes.amount_min, 1)
    equity = structure.trade_allowance_cents - payoff_cents(structure)
    down, negative = _cash_asked(programmes, equity)
    exclusions, refuses_products = exclusions_of(sheet), _refuses_products(programmes, inputs)
    if not empty and not (ceiling >= floor).any():
        empty = Limit(int(ceiling_limit[np.argmax(ceiling - floor)]))
    return Plan(
        inputs=inputs,
        sheet=sheet,
        only=only,
        programmes=programmes,
        sell_rate=sell_rate,
        factors=factors,
        buy_factors=_factors(inputs, programmes.buy_rate, programmes.term),
        ceiling=ceiling,
        ceiling_limit=ceiling_limit,
        floor=floor,
        cash_floor=np.maximum(down, negative),
        cash_limit=np.where(down >= negative, int(Limit.DOWN_MIN), int(Limit.NEGATIVE_EQUITY)),
        front_extra=structure.products_cents + np.where(programmes.price_ttl, max(0, -equity), 0),
        rebate_list=_rebate_lists(programmes, exclusions),
        rebate_lists=len(exclusions),
        cheaper=cheaper_rows(programmes)
        if inputs.row_rule is RowRule.CHEAPEST
        else np.empty((len(programmes), 0), dtype=np.int64),
        car_limits=car_limits(programmes, refuses_products),
        empty=empty,
        empty_fix=selected.fix,
        refuses_products=refuses_products,
        leases=None if leases is None or not inputs.all_kinds else plan_leases(inputs, leases),
    )


def price_window(plan: Plan, rebate_max_cents: int = 0) -> tuple[int, int] | None:
    """Return the lowest and highest advertised price in cents, both inclusive, at which a car may be
    feasible.

    It contains every car that any programme takes, whatever its book values, with a rebate of up to
    ``rebate_max_cents``; None if no price can be. Raises StructureError if the address has no tax rule.
    """
    possible = plan.ceiling >= plan.floor
    if not possible.any():
        return None
    inputs = plan.inputs
    structure = inputs.structure
    least_owed = int(plan.floor[possible].min()) + plan.cash_min
    most_owed = int(plan.ceiling[possible].max()) + plan.cash_max

    def owed_at_most(price: int) -> int:
        return owed_before_cash_cents(inputs, price, structure.discount_cents, 0)

    def owed_at_least(price: int) -> int:
        discount = min(inputs.discount_limit_cents, price)
        return owed_before_cash_cents(inputs, price, discount, rebate_max_cents)

    # The amount owed never decreases with the price, so bisection finds both ends.
    low = max(first_price(owed_at_most, least_owed), structure.discount_cents, 1)
    high = first_price(owed_at_least, most_owed + 1) - 1
    stated = structure.price_cents
    if stated is not None and low <= stated <= high:
        high = MAX_CENTS  # dearer cars are sold at the stated price
    elif stated is not None and stated < low:
        return None
    return (low, min(high, MAX_CENTS)) if low <= min(high, MAX_CENTS) else None


def _sell_rates(programmes: Programmes, inputs: DealInputs) -> Whole:
    stated = inputs.structure.rate_bp
    if stated is not None:
        return np.full(len(programmes), hundredths_of_bp(stated), dtype=np.int64)
    markup = np.minimum(programmes.markup_max, hundredths_of_bp(inputs.standard_markup_bp))
    state = inputs.state_limit
    if state is not None and state.markup_max_bp is not None:
        markup = np.minimum(markup, hundredths_of_bp(state.markup_max_bp))
    # No contract rate is higher than 100 %.
    rate = np.minimum(programmes.buy_rate + markup, hundredths_of_bp(MAX_BASIS_POINTS))
    if state is not None and state.rate_max_bp is not None:
        rate = np.minimum(rate, hundredths_of_bp(state.rate_max_bp))
    return rate


def _cash_asked(programmes: Programmes, equity: int) -> tuple[Cents, Cents]:
    """Return the least cash by the lender's minimum down, to which positive trade equity counts, and by its
    cap on negative equity, which cash covers; at least 0.
    """
    down = np.maximum(programmes.down_min - max(0, equity), 0)
    return down, np.maximum(max(0, -equity) - programmes.negative_equity_max, 0)


def _rebate_lists(programmes: Programmes, exclusions: tuple[tuple[str, ...], ...]) -> Whole:
    numbers = {(): 0} | {excluded: number for number, excluded in enumerate(exclusions, 1)}
    lists = [numbers[tuple(sorted(row.excluded_rebates))] for row in programmes.row.tolist()]
    return np.array(lists, dtype=np.int64)


def _factors(inputs: DealInputs, rate: Whole, term: Whole) -> Floats:
    structure = inputs.structure
    contract, first = structure.contract_date, structure.first_payment_date
    if contract is None or first is None:
        raise ValueError("the structure's dates are not filled in")
    return payment_factors(
        annual_fraction(rate),
        term,
        contract=contract,
        first=first,
        day_count=structure.day_count,
        engine=inputs.engine,
    )


def _refuses_products(programmes: Programmes, inputs: DealInputs) -> Flags | None:
    if not inputs.products:
        return None
    lenders = programmes.lender.tolist()
    refuses = {
        lender: not all(each.is_accepted(lender) for each in inputs.products) for lender in set(lenders)
    }
    flags = np.array([refuses[lender] for lender in lenders], dtype=np.bool_)
    return flags if flags.any() else None


def _ceilings(programmes: Programmes, inputs: DealInputs, factors: Floats) -> tuple[Cents, Whole]:
    """Return the largest principal that customer and lender allow for any car, and the limit that sets it."""
    bounds = [(Limit.AMOUNT_MAX, programmes.amount_max)]
    for limit, payment_max in _payment_maxima(programmes, inputs):
        bounds.append((limit, largest_principal(payment_max, factors)))
    stacked = np.stack([bound for _, bound in bounds])
    tightest = stacked.argmin(axis=0)
    codes = np.array([limit for limit, _ in bounds], dtype=np.int64)
    return stacked.min(axis=0), codes[tightest]


def _payment_maxima(programmes: Programmes, inputs: DealInputs) -> list[tuple[Limit, Cents]]:
    maxima = []
    stated = inputs.structure.payment_max_cents
    if stated is not None:
        maxima.append((Limit.PAYMENT_MAX, np.full(len(programmes), stated, dtype=np.int64)))
    income = inputs.monthly_income_cents
    if income is not None:
        maxima.append((Limit.PTI, programmes.pti_max * income // WHOLE))
        maxima.append((Limit.DTI, programmes.dti_max * income // WHOLE - inputs.other_debt_cents))
    return maxima


def first_price(owed_at: Callable[[int], int], owed: int) -> int:
    """Return the lowest price, in cents, at which at least ``owed`` is owed before cash; MAX_CENTS + 1 if
    there is none.
    """
    low, high = 0, MAX_CENTS + 1
    while low < high:
        middle = (low + high) // 2
        if owed_at(middle) >= owed:
            high = middle
        else:
            low = middle + 1
    return low
