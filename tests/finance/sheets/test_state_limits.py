"""State limits: maximum rate, markup and doc fee bind like any limit and have names."""

import datetime as dt
from typing import Any

from protocol.deal.structure import RateReason, Structure
from protocol.events import FixKind
from protocol.money.lending import StateLimit
from protocol.records import BasisPoints
from server.finance.plan import plan_deal
from server.finance.quoting import Case, quote_structure
from tests.finance.cases import car, inputs, model, programme, sheet

SOURCE = {"state": "OH", "source": "Ohio Revised Code", "source_date": dt.date(2026, 1, 2)}
WISH = {"terms_months": [60], "cash_down_max_cents": 0}


def rates(structure: Structure, *buy_rates: float, **limits: Any) -> tuple[list[int], str | None]:
    """Return the sell rates of rows under a state's limits in hundredths, and why there is none."""
    rows = [programme(programme_id=str(rate), lender=str(rate), buy_rate_bp=rate) for rate in buy_rates]
    plan = plan_deal(inputs(structure, state_limit=StateLimit(**SOURCE, **limits)), sheet(*rows))
    return plan.sell_rate.tolist(), plan.empty.wire


def test_the_states_markup_lowers_the_stores_standard() -> None:
    """1 % is standard, and the state allows 0.75 %."""
    assert rates(Structure(**WISH), 699.0, markup_max_bp=75.0) == ([77_400], None)
    assert rates(Structure(**WISH), 699.0, markup_max_bp=150.0) == ([79_900], None)


def test_the_states_rate_lowers_the_markup_and_then_refuses_the_row() -> None:
    """At 7.50 % a buy rate of 6.99 % leaves 0.51 %, one of 7.51 % nothing."""
    assert rates(Structure(**WISH), 699.0, 751.0, rate_max_bp=750.0) == ([75_000], None)
    assert rates(Structure(**WISH), 751.0, rate_max_bp=750.0) == ([], "state_rate")
    assert rates(Structure(**WISH), 750.0, rate_max_bp=750.0) == ([75_000], None)


def stated(rate: float) -> Structure:
    """Return a structure with a rate of its own."""
    return Structure(**WISH, rate_bp=BasisPoints(rate), rate_reason=RateReason.PROMOTION)


def test_a_stated_rate_beyond_the_state_is_refused_by_its_name() -> None:
    """Above the highest rate, or above the highest markup; the programme's own rate is the fix."""
    assert rates(stated(760), 699.0, rate_max_bp=750.0) == ([], "state_rate")
    assert rates(stated(780), 699.0, markup_max_bp=75.0) == ([], "state_markup")
    assert rates(stated(774), 699.0, markup_max_bp=75.0) == ([77_400], None)
    assert rates(stated(900), 699.0, markup_max_bp=75.0) == ([], "rate")
    limit = StateLimit(**SOURCE, rate_max_bp=750.0)
    case = Case(inputs(stated(760), state_limit=limit), car(), sheet(programme()), model())
    found = quote_structure(case).answer
    assert (found.binding, found.fix and found.fix.kind) == ("state_rate", FixKind.PROGRAMME)


def test_a_doc_fee_beyond_the_state_is_refused_and_the_fix_is_the_states() -> None:
    """$399 where the state allows $250."""
    structure = Structure(**WISH, fees_cents=899_00, taxable_fees_cents=899_00, doc_fee_cents=399_00)
    limit = StateLimit(**SOURCE, doc_fee_max_cents=250_00)
    case = Case(inputs(structure, state_limit=limit), car(), sheet(programme()), model())
    found = quote_structure(case).answer
    assert found.binding == "state_doc_fee"
    assert found.fix
    assert (found.fix.kind, found.fix.doc_fee_cents) == (FixKind.DOC_FEE, 250_00)
    equal = StateLimit(**SOURCE, doc_fee_max_cents=399_00)
    case = Case(inputs(structure, state_limit=equal), car(), sheet(programme()), model())
    assert quote_structure(case).answer.eligible
