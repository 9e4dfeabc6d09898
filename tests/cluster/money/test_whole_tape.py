"""Every borrower of a real pool is made an offer: 7,572 contracts, and 22,716 cars for a trade-in."""

import pytest

from tests.finance import tape
from tests.finance.oracles import tape_offers
from tests.finance.tape import needs_tape

pytestmark = [needs_tape, pytest.mark.long]


def test_everybody_gets_an_answer_for_the_same_car() -> None:
    assert tape_offers.same_car(tape.read_tape()) > tape.LOANS / 2


def test_everybody_may_trade_in() -> None:
    assert tape_offers.trade_in(tape.read_tape()) > tape.LOANS
