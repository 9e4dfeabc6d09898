"""The value of one contract for ``deal-architect value``: in dollars, with timing in months."""

from itertools import pairwise

import numpy as np

from protocol.deal.structure import StructureError
from protocol.money.pricing import ValueAnswer, ValueParts, ValueRequest
from server.finance.rounding import Floats, half_up
from server.finance.rules.programmes import Whole
from server.finance.value.factors import contract_factors, timing
from server.finance.value.months import Risk, gross_defaults, live
from server.finance.value.parts import Part, contract_parts, rounded_parts, switched_on

CENTS = 100


def value_contract(request: ValueRequest) -> ValueAnswer:
    """Return the NPV of a contract with regular monthly periods and its parts, in dollars to the cent.

    The parts sum to the NPV: each running total is rounded half up. ``realised_cnl`` is the share of the
    principal that is lost, not rounded; below ``cnl`` if prepayment leaves less to default.

    Raises:
        StructureError: ``loss_timing`` falls, or does not reach 1 by the last month. The ranges of single
            fields are checked where the request is read.
    """
    if request.cnl > 0 or request.loss_timing:
        _check_timing(request)
    rate = np.array([[request.rate]])
    term: Whole = np.array([[request.term_months]], dtype=np.int64)
    risk = _risk(request)
    factors = contract_factors(rate, term, switched_on(risk), np.zeros_like(term))
    principal = request.amount_financed * CENTS
    exact: dict[Part, float | int] = {
        **contract_parts(factors, principal, request.servicing_per_month * CENTS),
        "acquisition": -request.acquisition * CENTS,
    }
    npv = int(half_up(np.array(sum(exact.values()))))
    parts = {name: cents / CENTS for name, cents in rounded_parts(exact, npv).items()}
    defaults = sum(float(month.default[0, 0]) for month in live(rate, term, risk))
    return ValueAnswer(
        npv=npv / CENTS,
        parts=ValueParts(**parts),
        realised_cnl=(1.0 - request.recovery) * defaults,
    )


def _risk(request: ValueRequest) -> Risk:
    """Return the request's risk, arrays of shape (1, 1)."""

    def one(value: float) -> Floats:
        return np.array([[float(value)]])

    months, losses = np.array([(0.0, 0.0), *request.loss_timing], dtype=np.float64).T
    lost = timing(np.arange(request.term_months + 1, dtype=np.float64), months, losses)
    return Risk(
        funding=one(request.funding_rate),
        gross_defaults=gross_defaults(one(request.cnl), one(request.recovery)),
        timing=lost[:, None, None],
        recovery=one(request.recovery),
        recovery_lag=np.array([[request.recovery_lag_months]], dtype=np.int64),
        abs_speed=one(request.abs_speed),
    )


def _check_timing(request: ValueRequest) -> None:
    months, losses = zip((0.0, 0.0), *request.loss_timing, strict=True)
    if not all(before <= after for before, after in pairwise(months)):
        raise StructureError("loss_timing", "months from 0 that never decrease")
    if not all(before <= after for before, after in pairwise(losses)):
        raise StructureError("loss_timing", "shares of the loss that never decrease")
    if losses[-1] > 1 or np.interp(request.term_months, months, losses) != 1:
        raise StructureError("loss_timing", f"a share of 1 by month {request.term_months}")
