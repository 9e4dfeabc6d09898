"""The risk model that ships with the store is one that the money can use."""

import msgspec
import pytest

from protocol.money.lending import RiskModel
from protocol.records import Tier
from server.database.sample.lenders import CURVES
from server.finance.value.curves import bands, check_model
from tests.finance import cases


@pytest.mark.parametrize("tier", Tier)
def test_sample_curves_can_be_used(tier: Tier) -> None:
    """Every tier has a full grid of curves, each within its ranges."""
    model = RiskModel(version="sample", curves=tuple(CURVES))
    check_model(model)
    assert len(bands(model, tier)) > 1


def test_the_beginning_of_a_loss_may_be_stated() -> None:
    """The point (0, 0) is implied: a curve that states it is as good as one that does not."""
    stated = ((0.0, 0.0), *cases.FINANCE_CURVE.loss_timing)
    curve = msgspec.structs.replace(cases.FINANCE_CURVE, loss_timing=stated)
    check_model(RiskModel(version="risk", curves=(curve,)))
